// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Price feed whose every answer is set by hand.
/// @dev Has the read interface of Chainlink's aggregators and none of their rules: also the answers
/// that a gateway must refuse (zero, negative, old, another pair) can be given.
contract PriceFeed {
    uint8 public decimals;
    string public description;
    uint80 private round;
    int256 private answer;
    uint256 private updatedAt;

    constructor(string memory description_, uint8 decimals_) {
        description = description_;
        decimals = decimals_;
    }

    /// @param answer_ price of one coin, times 10^decimals
    /// @param updatedAt_ seconds since 1970 that the round is said to be of
    function setRound(int256 answer_, uint256 updatedAt_) external {
        round += 1;
        answer = answer_;
        updatedAt = updatedAt_;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (round, answer, updatedAt, updatedAt, round);
    }
}
