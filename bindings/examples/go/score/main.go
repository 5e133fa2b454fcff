// SPDX-License-Identifier: Apache-2.0

// score tells how probable the model finds each token of a text, and the perplexity of the whole.
//
//	score [MODEL [TEXT...]]
package main

import (
	"fmt"
	"log"
	"math"
	"os"

	"libgpt/gpt"
)

// show prints the score of each token but the first, which has nothing before it.
func show(generator *gpt.Generator, tokenizer *gpt.Tokenizer, text string) error {
	ids, err := tokenizer.Encode(text)
	if err != nil {
		return err
	}
	perplexity := 1.0
	if len(ids) > 1 {
		scores, err := generator.Score(text)
		if err != nil {
			return err
		}
		sum := 0.0
		for i, score := range scores[1:] {
			fmt.Printf("%d %.4f\n", ids[i+1], score)
			sum += float64(score)
		}
		perplexity = math.Exp(-sum / float64(len(ids)-1))
	}
	fmt.Printf("perplexity %.3f\n", perplexity)
	return nil
}

func main() {
	name, texts := "storyteller", []string{"Once upon a time there was a fox.", "Time a upon fox once was."}
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	if len(os.Args) > 2 {
		texts = os.Args[2:]
	}
	model, err := gpt.Open(name)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	generator, err := model.Generator(gpt.Threads(1))
	if err != nil {
		log.Fatal(err)
	}
	defer generator.Close()
	for _, text := range texts {
		if err := show(generator, model.Tokenizer(), text); err != nil {
			log.Fatal(err)
		}
	}
}
