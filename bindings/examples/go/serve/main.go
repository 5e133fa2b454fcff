// SPDX-License-Identifier: Apache-2.0

// serve lets several goroutines, each with a generator of its own, work on one list of prompts and share one model.
//
//	serve [MODEL [PROMPT...]]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"

	"libgpt/gpt"
)

const workers = 3

// work takes the next prompt until there is none.
func work(model *gpt.Model, prompts, texts []string, next <-chan int) error {
	generator, err := model.Generator(gpt.Threads(1), gpt.DoSample(true), gpt.Seed(7), gpt.MaxNewTokens(30))
	if err != nil {
		return err
	}
	defer generator.Close()
	for i := range next {
		if texts[i], err = generator.Generate(context.Background(), prompts[i]); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	name, prompts := "storyteller", []string{"Once upon a time", "The fox", "One day, a little girl", "The sun",
		"It was a dark night", "A boy named Tom"}
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
	texts := make([]string, len(prompts))
	next := make(chan int, len(prompts))
	for i := range prompts {
		next <- i
	}
	close(next)
	var group sync.WaitGroup
	for i := 0; i < workers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := work(model, prompts, texts, next); err != nil {
				log.Fatal(err)
			}
		}()
	}
	group.Wait()
	// In the order of the prompts, whichever goroutine was ready first.
	for i, text := range texts {
		fmt.Printf("%d: %s%s\n", i, prompts[i], text)
	}
}
