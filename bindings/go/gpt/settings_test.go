// SPDX-License-Identifier: Apache-2.0

package gpt_test

import (
	"strings"
	"testing"

	"libgpt/gpt"
)

func TestSettingsThatAreLists(t *testing.T) {
	model := open(t)
	first := must(model.Tokenizer().Encode(must(model.Generate(background, "The fox", gpt.MaxNewTokens(1), gpt.DoSample(false)))))
	text := must(model.Generate(background, "The fox", gpt.MaxNewTokens(1), gpt.DoSample(false), gpt.SuppressTokens(first...)))
	if text == must(model.Tokenizer().Decode(first)) {
		t.Fatal(text)
	}
	biased := must(model.GenerateMany(background, []string{"The fox"}, gpt.MaxNewTokens(1), gpt.DoSample(false),
		gpt.SequenceBias(map[int32]float32{584: 1000})))
	if biased[0].TokenIDs[0] != 584 {
		t.Fatal(biased)
	}
	stopped := must(model.GenerateMany(background, []string{"The fox"}, gpt.MaxNewTokens(200), gpt.StopStrings("."),
		gpt.Seed(1), gpt.Temperature(0.7)))
	if stopped[0].FinishReason != "stop_string" || strings.Contains(stopped[0].Text, ".") {
		t.Fatal(stopped)
	}
	generator := must(model.Generator(gpt.TopK(1)))
	defer generator.Close()
	if err := generator.ResetSettings(); err != nil {
		t.Fatal(err)
	}
}

// The tokens that end a sequence are those that were set last, until they are the model's again.
func TestEOSTokenIDsAreTheLast(t *testing.T) {
	generator := must(open(t).Generator())
	defer generator.Close()
	ends := func(id int32) bool {
		choose := gpt.LogitsProcessor(func(_ []int32, logits []float32) { logits[id] = 1e30 })
		if err := generator.Set(gpt.MaxNewTokens(1), gpt.DoSample(false), choose); err != nil {
			t.Fatal(err)
		}
		output := must(generator.GenerateMany(background, []string{"The fox"}))[0]
		return output.TokenIDs[0] == id && output.FinishReason == "stop_token"
	}
	expect := func(err error, expected ...int32) {
		t.Helper()
		for _, id := range []int32{0, 5, 6} {
			wanted := false
			for _, other := range expected {
				wanted = wanted || id == other
			}
			if ends(id) != wanted {
				t.Error(id, expected, err)
			}
		}
	}
	expect(nil, 0)
	expect(generator.Set(gpt.EOSTokenIDs(5, 6)), 5, 6)
	expect(generator.Set(gpt.EOSTokenIDs(6, -1)), 6)
	expect(generator.ResetSettings(), 0)
	expect(generator.Set(gpt.EOSTokenIDs()))
}
