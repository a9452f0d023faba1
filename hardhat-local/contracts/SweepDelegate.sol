// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Code a deposit address delegates to (EIP-7702), to be collected from.
/// @notice Whoever calls it can only send what the address holds to one treasury. The treasury is
/// part of the code, so a deployment serves one treasury alone, and a delegation that stays after a
/// collection is harmless.
/// @dev Without storage, without an owner, without a call whose destination or argument of value a
/// caller could choose: of the caller's list only the token contracts are taken, and all that is
/// ever said to them is `balanceOf(this)` and `transfer(treasury, amount)`.
contract SweepDelegate {
    address payable public immutable treasury;

    error NoTreasury();

    constructor(address payable treasury_) {
        if (treasury_ == address(0)) revert NoTreasury();
        treasury = treasury_;
    }

    /// @notice A plain transfer carries 2,300 gas: nothing but receiving may happen here.
    receive() external payable {}

    /// @notice Sends the whole balance of these tokens, then all native coin, to the treasury.
    /// @dev One that fails (paused, frozen, no contract) is passed over: it keeps no other back.
    /// Success is judged by balances and logs, since tokens may return false or nothing.
    function sweep(address[] calldata tokens) external {
        for (uint256 i = 0; i < tokens.length; i++) {
            _sweepToken(tokens[i]);
        }
        uint256 amount = address(this).balance;
        if (amount != 0) _call(treasury, amount, "");
    }

    /// @notice Collects from many delegated addresses in one transaction.
    /// @dev Called at the deployment itself. An address without code, or whose call fails, is passed
    /// over.
    function sweepAll(address[] calldata accounts, address[] calldata tokens) external {
        bytes memory data = abi.encodeCall(this.sweep, (tokens));
        for (uint256 i = 0; i < accounts.length; i++) {
            _call(accounts[i], 0, data);
        }
    }

    function _sweepToken(address token) private {
        uint256 amount = _balanceOf(token);
        if (amount == 0) return;
        // transfer(address,uint256), ERC-20.
        _call(token, 0, abi.encodeWithSelector(0xa9059cbb, treasury, amount));
    }

    /// @dev Zero for what does not answer as a token. At most one word is copied: an answer of any
    /// length costs its sender, not us.
    function _balanceOf(address token) private view returns (uint256 amount) {
        // balanceOf(address), ERC-20.
        bytes memory data = abi.encodeWithSelector(0x70a08231, address(this));
        assembly ("memory-safe") {
            let done := staticcall(gas(), token, add(data, 32), mload(data), 0, 32)
            if and(done, gt(returndatasize(), 31)) { amount := mload(0) }
        }
    }

    /// @dev The answer is not looked at, and not copied.
    function _call(address to, uint256 value, bytes memory data) private {
        assembly ("memory-safe") {
            pop(call(gas(), to, value, add(data, 32), mload(data), 0, 0))
        }
    }
}
