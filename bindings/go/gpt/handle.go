// SPDX-License-Identifier: Apache-2.0

package gpt

import "sync"

// A handle stands for something of C's, which is not freed while a call uses it.
type handle[T any] struct {
	mutex sync.RWMutex
	value T
	// Whether it was not closed, what errors call it, and how it is freed.
	open bool
	kind string
	free func(T)
}

func newHandle[T any](kind string, value T, free func(T)) handle[T] {
	return handle[T]{value: value, open: true, kind: kind, free: free}
}

// close frees it when no call uses it any more. It may be called again.
func (h *handle[T]) close() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.open {
		h.free(h.value)
		h.open = false
	}
}

// use calls a function with what it stands for. Several calls may use it at once.
func (h *handle[T]) use(function func(T) error) error {
	h.mutex.RLock()
	defer h.mutex.RUnlock()
	return h.give(function)
}

// useAlone does the same, but one call at a time.
func (h *handle[T]) useAlone(function func(T) error) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.give(function)
}

func (h *handle[T]) give(function func(T) error) error {
	if !h.open {
		return argumentError(h.kind + ": it is closed")
	}
	return function(h.value)
}
