// SPDX-License-Identifier: Apache-2.0

// bench/go prints the microseconds for each token of a stream in Go. The same work as tokens.c.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"libgpt/gpt"
)

const tokens = 400

func main() {
	model, err := gpt.Open("storyteller")
	if err != nil {
		log.Fatal(err)
	}
	generator, err := model.Generator(gpt.Threads(1), gpt.DoSample(false), gpt.MaxNewTokens(tokens), gpt.MinNewTokens(tokens))
	if err != nil {
		log.Fatal(err)
	}
	best, size := time.Hour, 0
	for round := 0; round < 3; round++ {
		begin := time.Now()
		stream := generator.Stream(context.Background(), "Once upon a time")
		for stream.Next() {
			size += len(stream.Text())
		}
		if took := time.Since(begin); took < best {
			best = took
		}
	}
	fmt.Printf("%.2f\n", float64(best.Nanoseconds())/tokens/1000)
}
