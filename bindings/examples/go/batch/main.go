// SPDX-License-Identifier: Apache-2.0

// batch computes many prompts together, two samples of each.
//
//	batch [MODEL [PROMPT...]]
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"libgpt/gpt"
)

const samples = 2

func main() {
	name, prompts := "storyteller", []string{"Once upon a time", "The fox", "One day, a little girl"}
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	if len(os.Args) > 2 {
		prompts = os.Args[2:]
	}
	model, err := gpt.Open(name)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	outputs, err := model.GenerateMany(context.Background(), prompts, gpt.Threads(1), gpt.DoSample(true), gpt.TopK(40),
		gpt.NumReturnSequences(samples), gpt.Seed(7), gpt.MaxNewTokens(30))
	if err != nil {
		log.Fatal(err)
	}
	for i, output := range outputs {
		fmt.Printf("%d.%d: %s%s\n", i/samples, i%samples, output.Prompt, output.Text)
	}
}
