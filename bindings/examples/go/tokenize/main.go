// SPDX-License-Identifier: Apache-2.0

// tokenize turns texts into token ids and back, and shows the bytes of each token.
//
//	tokenize [MODEL [TEXT...]]
package main

import (
	"fmt"
	"log"
	"os"

	"libgpt/gpt"
)

// show prints the tokens of a text.
func show(tokenizer *gpt.Tokenizer, text string) error {
	ids, err := tokenizer.Encode(text)
	if err != nil {
		return err
	}
	for _, id := range ids {
		bytes, err := tokenizer.TokenBytes(id)
		if err != nil {
			return err
		}
		// In hexadecimal, since the bytes of a token need not be whole characters.
		fmt.Printf("%d %x\n", id, bytes)
	}
	back, err := tokenizer.Decode(ids)
	if err != nil {
		return err
	}
	fmt.Printf("%d tokens: %s\n", len(ids), back)
	return nil
}

func main() {
	name, texts := "storyteller", []string{"Once upon a time", "caf\u00e9 \U0001f98a", ""}
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	if len(os.Args) > 2 {
		texts = os.Args[2:]
	}
	tokenizer, err := gpt.OpenTokenizer(name)
	if err != nil {
		log.Fatal(err)
	}
	defer tokenizer.Close()
	for _, text := range texts {
		if err := show(tokenizer, text); err != nil {
			log.Fatal(err)
		}
	}
}
