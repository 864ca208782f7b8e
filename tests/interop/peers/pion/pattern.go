package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
)

// period is that of tests/interop/harness/pattern.py, whose series these are.
const period = 1021

func message(text bool, seed, index uint32, size int) []byte {
	state := seed*0x9E3779B1 ^ (index+1)*0x85EBCA6B
	if state == 0 {
		state = 1
	}
	block := make([]byte, min(size, period))
	for position := range block {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		block[position] = byte(state >> 24)
		if text {
			block[position] = 'a' + block[position]%26
		}
	}
	body := bytes.Repeat(block, size/period+1)[:size]
	if size >= 8 {
		if text {
			copy(body, fmt.Sprintf("%08x", index))
		} else {
			binary.BigEndian.PutUint64(body, uint64(index))
		}
	}
	return body
}

func indexOf(text bool, data []byte) int {
	if len(data) < 8 {
		return -1
	}
	if !text {
		return int(binary.BigEndian.Uint64(data))
	}
	index, err := strconv.ParseUint(string(data[:8]), 16, 32)
	if err != nil {
		return -1
	}
	return int(index)
}
