// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Refuses everything: transactions with value and logs that end with status 0.
contract Reverter {
    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @notice Native money sent here bounces.
    receive() external payable {
        revert("refused");
    }

    /// @notice Emits a perfect Transfer and reverts: the receipt has status 0 and no logs.
    function emitThenRevert(address to, uint256 value) external {
        emit Transfer(msg.sender, to, value);
        revert("emitted, then reverted");
    }
}
