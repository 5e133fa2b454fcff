// SPDX-License-Identifier: Apache-2.0

// Package core is libgpt as SWIG gives it to Go (bindings/swig/go.i), with what Go itself must have: the function that C
// calls before each token is chosen. The package gpt stands on it.
package core

// #include <stddef.h>
// #include <stdint.h>
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

// A Hook gets the ids so far, the logits of the next token, which it may change, and the number of the sequence; it
// returns whether to stop. It must not keep either slice, and must not panic: C is below it on the stack.
type Hook func(ids []int32, logits []float32, sequence int64) bool

//export gptGoLogitsHook
func gptGoLogitsHook(logits *C.float, vocab C.int32_t, ids *C.int32_t, count C.size_t, sequence C.int64_t,
	hook C.uintptr_t) C.int {
	function := cgo.Handle(hook).Value().(Hook)
	seen := unsafe.Slice((*int32)(unsafe.Pointer(ids)), int(count))
	if function(seen, unsafe.Slice((*float32)(unsafe.Pointer(logits)), int(vocab)), int64(sequence)) {
		return 1
	}
	return 0
}
