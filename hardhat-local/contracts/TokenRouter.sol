// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IToken {
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        bytes calldata signature
    ) external;
}

/// @title Pays on behalf of others, as exchanges, bridges and payment routers do.
contract TokenRouter {
    /// @notice Straight from the caller to the recipient: the caller pays.
    function pay(address token, address to, uint256 amount) external {
        require(IToken(token).transferFrom(msg.sender, to, amount), "token refused");
    }

    /// @notice Through the router, as after a swap: two Transfers, and the router pays.
    function payThrough(address token, address to, uint256 amount) external {
        require(IToken(token).transferFrom(msg.sender, address(this), amount), "token refused");
        require(IToken(token).transfer(to, amount), "token refused");
    }

    /// @notice Uses what `owner` signed; whoever calls pays the gas and nothing else.
    function payWithPermit(
        address token,
        address owner,
        address to,
        uint256 amount,
        uint256 deadline,
        bytes calldata signature
    ) external {
        IToken(token).permit(owner, address(this), amount, deadline, signature);
        require(IToken(token).transferFrom(owner, to, amount), "token refused");
    }
}
