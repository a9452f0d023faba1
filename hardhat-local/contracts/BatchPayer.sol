// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IERC20 {
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

/// @title Pays many addresses in one transaction, as exchanges do.
/// @dev Native money leaves by CALL, so it shows in no transaction's `value`, only in traces and
/// balances.
contract BatchPayer {
    /// @notice Accepts native money in advance; `payNative` may then be sent less value than it
    /// pays.
    receive() external payable {}

    function payNative(address[] calldata to, uint256[] calldata amounts) external payable {
        _payNative(to, amounts);
    }

    /// @notice Spends the caller's allowance; also works with tokens that return nothing.
    function payToken(address token, address[] calldata to, uint256[] calldata amounts) external {
        _payToken(token, to, amounts);
    }

    /// @notice Each recipient gets native money and tokens in the same transaction.
    function payMixed(
        address token,
        address[] calldata to,
        uint256[] calldata nativeAmounts,
        uint256[] calldata tokenAmounts
    ) external payable {
        _payNative(to, nativeAmounts);
        _payToken(token, to, tokenAmounts);
    }

    /// @notice Pays and then reverts: status 0, nothing moved, although the trace shows the frames.
    function payThenRevert(address[] calldata to, uint256[] calldata amounts) external payable {
        _payNative(to, amounts);
        revert("paid, then reverted");
    }

    /// @notice Pays inside a call that reverts and is caught: status 1, yet nothing moved.
    function payInRevertedFrame(address[] calldata to, uint256[] calldata amounts)
        external
        payable
    {
        (bool ok, ) = address(this).call(abi.encodeCall(this.payThenRevert, (to, amounts)));
        require(!ok, "inner call must revert");
    }

    function _payNative(address[] calldata to, uint256[] calldata amounts) private {
        require(to.length == amounts.length, "lengths differ");
        for (uint256 i = 0; i < to.length; i++) {
            (bool ok, ) = to[i].call{value: amounts[i]}("");
            require(ok, "recipient refused");
        }
    }

    function _payToken(address token, address[] calldata to, uint256[] calldata amounts) private {
        require(to.length == amounts.length, "lengths differ");
        for (uint256 i = 0; i < to.length; i++) {
            (bool ok, bytes memory answer) =
                token.call(abi.encodeCall(IERC20.transferFrom, (msg.sender, to[i], amounts[i])));
            require(ok && (answer.length == 0 || abi.decode(answer, (bool))), "token refused");
        }
    }
}
