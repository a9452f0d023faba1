// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Lives as long as its constructor: passes on what it was given.
contract PayingChild {
    constructor(address payable to) payable {
        (bool ok, ) = to.call{value: msg.value}("");
        require(ok, "recipient refused");
    }
}

/// @dev Pays by SELFDESTRUCT, which calls nobody.
contract DyingChild {
    constructor(address payable to) payable {
        selfdestruct(to);
    }
}

/// @title Makes contracts with value by CREATE2, which pay on.
contract Spawner {
    function spawnPaying(bytes32 salt, address payable to) external payable {
        new PayingChild{salt: salt, value: msg.value}(to);
    }

    function spawnDying(bytes32 salt, address payable to) external payable {
        new DyingChild{salt: salt, value: msg.value}(to);
    }
}
