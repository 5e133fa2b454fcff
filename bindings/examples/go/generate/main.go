// SPDX-License-Identifier: Apache-2.0

// generate continues a prompt with one call.
//
//	generate [MODEL [PROMPT]]
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
	outputs, err := model.GenerateMany(context.Background(), []string{prompt}, gpt.Threads(1), gpt.Temperature(0.8),
		gpt.Seed(7), gpt.MaxNewTokens(50))
	if err != nil {
		log.Fatal(err)
	}
	output := outputs[0]
	fmt.Printf("%s%s\n[%d tokens, %s]\n", prompt, output.Text, len(output.TokenIDs), output.FinishReason)
}
