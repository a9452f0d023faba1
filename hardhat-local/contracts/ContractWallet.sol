// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A wallet that is a contract, as Safe is: money leaves by a call within the transaction.
/// @dev An account may also take this code for its own (EIP-7702); `execute` then pays from there.
contract ContractWallet {
    receive() external payable {}

    /// @notice One call with value; fails as a whole when the call fails.
    function execute(address to, uint256 units, bytes calldata data) external payable {
        (bool ok, ) = to.call{value: units}(data);
        require(ok, "call failed");
    }

    /// @notice Runs `to` in the context of this contract: the tracer repeats the value there, and
    /// nothing of it arrives.
    function executeDelegated(address to, bytes calldata data) external payable {
        (bool ok, ) = to.delegatecall(data);
        require(ok, "call failed");
    }

    /// @notice A call that fails and is caught, then one that pays: status 1, and the second counts.
    function executeAfterFailure(address refused, address to, uint256 units) external payable {
        (bool ok, ) = refused.call{value: units}("");
        require(!ok, "the first call must fail");
        (ok, ) = to.call{value: units}("");
        require(ok, "call failed");
    }
}
