// SPDX-License-Identifier: Apache-2.0

// stream shows each piece of text as soon as it is certain.
//
//	stream [MODEL [PROMPT]]
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"libgpt/gpt"
)

func main() {
	name, prompt := "storyteller", "Once upon a time"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	if len(os.Args) > 2 {
		prompt = os.Args[2]
	}
	model, err := gpt.Open(name)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	stream := model.Stream(context.Background(), prompt, gpt.Threads(1), gpt.DoSample(true), gpt.Seed(7),
		gpt.MaxNewTokens(50))
	for stream.Next() {
		// On a line of its own, between bars, so that its spaces can be seen.
		fmt.Printf("|%s|\n", stream.Text())
	}
	if err := stream.Err(); err != nil {
		log.Fatal(err)
	}
}
