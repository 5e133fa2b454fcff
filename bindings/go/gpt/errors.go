// SPDX-License-Identifier: Apache-2.0

package gpt

import (
	"runtime"
	"strings"

	"libgpt/gpt/internal/core"
)

// A Status says what kind of thing went wrong. The numbers are those of the C library, and never change.
type Status int

// The kinds.
const (
	Argument    Status = -1
	Memory      Status = -2
	File        Status = -3
	Format      Status = -4
	Unsupported Status = -5
	Context     Status = -6
	Cancelled   Status = -7
	NotFound    Status = -8
	Internal    Status = -9
)

// String gives the kind in a few words, such as "cannot read file".
func (s Status) String() string {
	return core.Gpt_status_text(int(s))
}

// An Error is what libgpt says of a failure: one line that names the file, the tensor or the argument.
type Error struct {
	Status  Status
	Message string
}

// Error gives the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return "gpt: " + e.Status.String()
	}
	return "gpt: " + e.Message
}

// Is makes errors.Is match by kind: errors.Is(err, gpt.ErrNotFound).
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Message == "" && other.Status == e.Status
}

// What errors match with errors.Is.
var (
	ErrArgument    = &Error{Status: Argument}
	ErrMemory      = &Error{Status: Memory}
	ErrFile        = &Error{Status: File}
	ErrFormat      = &Error{Status: Format}
	ErrUnsupported = &Error{Status: Unsupported}
	ErrContext     = &Error{Status: Context}
	ErrCancelled   = &Error{Status: Cancelled}
	ErrNotFound    = &Error{Status: NotFound}
	ErrInternal    = &Error{Status: Internal}
)

func argumentError(message string) error {
	return &Error{Argument, message}
}

// call makes a call of C. Its message belongs to the thread, which must still be the same when it is read.
func call(function func() int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if status := function(); status != 0 {
		return &Error{Status(status), core.Gpt_error_message()}
	}
	return nil
}

// checkName refuses what C would read only a part of.
func checkName(name string) error {
	if strings.IndexByte(name, 0) >= 0 {
		return argumentError("a name or path can not have a NUL in it")
	}
	return nil
}

// takeText takes text that C has put out.
func takeText(out []uint64) string {
	return core.Gpt_go_take_text(out[0], out[1])
}

// takeIDs takes ids that C has put out.
func takeIDs(out []uint64) []int32 {
	ids := make([]int32, out[1])
	core.Gpt_go_take_ids(ids, out[0], out[1])
	return ids
}
