// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Token that emits Transfer events of odd shapes on demand, beside ordinary ones.
/// @dev Written with log opcodes, because one contract cannot declare the same event signature with
/// different indexed arguments. The odd events move no balance.
contract OddTransferToken {
    event Transfer(address indexed from, address indexed to, uint256 value);

    bytes32 private constant TOPIC = keccak256("Transfer(address,address,uint256)");

    string public name;
    string public symbol;
    uint8 public immutable decimals;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) {
        name = name_;
        symbol = symbol_;
        decimals = decimals_;
    }

    function mint(address to, uint256 amount) external {
        totalSupply += amount;
        balanceOf[to] += amount;
        emit Transfer(address(0), to, amount);
    }

    function transfer(address to, uint256 amount) public returns (bool) {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        emit Transfer(msg.sender, to, amount);
        return true;
    }

    /// @notice Four topics, no data: the value is indexed too, as in ERC-721.
    function emitIndexedValue(address to, uint256 value) public {
        bytes32 topic = TOPIC;
        assembly {
            log4(0, 0, topic, caller(), to, value)
        }
    }

    /// @notice One topic, 96 bytes of data: no argument is indexed.
    function emitUnindexed(address to, uint256 value) public {
        bytes32 topic = TOPIC;
        assembly {
            let data := mload(0x40)
            mstore(data, caller())
            mstore(add(data, 0x20), to)
            mstore(add(data, 0x40), value)
            log1(data, 0x60, topic)
        }
    }

    /// @notice Three topics, 64 bytes of data: the value and a memo.
    function emitLongData(address to, uint256 value, bytes32 memo) public {
        bytes32 topic = TOPIC;
        assembly {
            mstore(0, value)
            mstore(0x20, memo)
            log3(0, 0x40, topic, caller(), to)
        }
    }

    /// @notice Three topics, no data at all.
    function emitNoData(address to) public {
        bytes32 topic = TOPIC;
        assembly {
            log3(0, 0, topic, caller(), to)
        }
    }

    /// @notice Address topic with rubbish in its upper 12 bytes, which no compiler would emit.
    function emitDirtyTopic(address to, uint256 value) public {
        bytes32 topic = TOPIC;
        assembly {
            mstore(0, value)
            log3(0, 0x20, topic, caller(), or(to, shl(160, 0xdeadbeef)))
        }
    }

    /// @notice Well-formed, but worth nothing: the shape of address poisoning.
    function emitZeroValue(address from, address to) public {
        emit Transfer(from, to, 0);
    }

    /// @notice Well-formed, from an address to itself.
    function emitSelfTransfer(address account, uint256 value) public {
        emit Transfer(account, account, value);
    }

    /// @notice Every odd shape with `value`, then a real transfer of `value`: eight logs, one of
    /// which counts.
    function transferAmongOdd(address to, uint256 value) external returns (bool) {
        emitIndexedValue(to, value);
        emitUnindexed(to, value);
        emitLongData(to, value, bytes32("memo"));
        emitNoData(to);
        emitDirtyTopic(to, value);
        emitZeroValue(msg.sender, to);
        emitSelfTransfer(to, value);
        return transfer(to, value);
    }
}
