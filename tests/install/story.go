// SPDX-License-Identifier: Apache-2.0
// tests/install/story.go: the program of README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"libgpt/gpt"
)

func main() {
	model, err := gpt.Open("storyteller")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream := model.Stream(ctx, "Once upon a time", gpt.MaxNewTokens(50), gpt.Temperature(0.8))
	for stream.Next() {
		fmt.Print(stream.Text())
	}
	fmt.Println()
	if stream.Err() != nil {
		log.Fatal(stream.Err())
	}
	_, err = gpt.Open("no-such-model")
	fmt.Println(errors.Is(err, gpt.ErrNotFound), err)
}
