// SPDX-License-Identifier: Apache-2.0

package gpt_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"libgpt/gpt"
)

const fox = "caf\u00e9 \U0001f98a"

var background = context.Background()

// open gives the shipped model; one thread, so that its numbers are always the same.
func open(t testing.TB) *gpt.Model {
	t.Helper()
	model, err := gpt.Open("storyteller", gpt.WithThreads(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Close)
	return model
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestStreamGivesWhatOneCallGives(t *testing.T) {
	model := open(t)
	settings := []gpt.Setting{gpt.MaxNewTokens(12), gpt.Seed(3), gpt.Temperature(0.9)}
	text := must(model.Generate(background, "The fox", settings...))
	stream := model.Stream(background, "The fox", settings...)
	streamed := ""
	for stream.Next() {
		streamed += stream.Text()
	}
	if stream.Err() != nil || streamed != text {
		t.Fatalf("%v: %q, not %q", stream.Err(), streamed, text)
	}
	decoded := must(model.Tokenizer().Decode(stream.TokenIDs()))
	if decoded != text || len(stream.TokenIDs()) != 12 || stream.FinishReason() != "length" {
		t.Fatal(decoded, stream.TokenIDs(), stream.FinishReason())
	}
}

// What a stream gives is its own text: nothing may run beside it, or take its steps.
func TestAStreamRunsAlone(t *testing.T) {
	generator := must(open(t).Generator(gpt.MaxNewTokens(20), gpt.DoSample(false), gpt.EOSTokenIDs()))
	defer generator.Close()
	expected := must(generator.Generate(background, "The fox"))
	stream, streamed := generator.Stream(background, "The fox"), ""
	for stream.Next() {
		streamed += stream.Text()
		if generator.Active() == 0 {
			break
		}
		_, added := generator.Add("The owl")
		_, addedIDs := generator.AddIDs([]int32{584})
		_, stepped := generator.Step(background)
		for _, err := range []error{added, addedIDs, stepped} {
			if !errors.Is(err, gpt.ErrArgument) || !strings.Contains(err.Error(), "must end first") {
				t.Fatal(err)
			}
		}
	}
	if streamed != expected || stream.Err() != nil {
		t.Fatalf("%v: %q, not %q", stream.Err(), streamed, expected)
	}
}

// A stream whose sequence is dropped has come to its end, and takes nothing from what runs then.
func TestAStreamThatIsDroppedEnds(t *testing.T) {
	generator := must(open(t).Generator(gpt.MaxNewTokens(3), gpt.DoSample(false), gpt.EOSTokenIDs()))
	defer generator.Close()
	before := must(generator.Add("The fox"))
	if err := generator.Drop(before); err != nil {
		t.Fatal(err)
	}
	stream := generator.Stream(background, "The fox")
	if err := generator.Drop(before + 1); err != nil {
		t.Fatal(err)
	}
	must(generator.Add("The fox"))
	if stream.Next() || stream.Err() != nil || generator.Active() != 1 {
		t.Fatal(stream.Text(), stream.Err(), generator.Active())
	}
}

func TestPromptsAndSamplesComeInOrder(t *testing.T) {
	outputs := must(open(t).GenerateMany(background, []string{"The fox", "One day"}, gpt.NumReturnSequences(2),
		gpt.Seed(5), gpt.MaxNewTokens(6), gpt.LogProbs(0)))
	if len(outputs) != 4 || outputs[1].Prompt != "The fox" || outputs[2].Prompt != "One day" {
		t.Fatal(outputs)
	}
	if outputs[0].Text == outputs[1].Text || len(outputs[3].LogProbs) != 6 || outputs[3].LogProbs[0] >= 0 {
		t.Fatal(outputs)
	}
}

func TestBeamsAreRankedByTheirScore(t *testing.T) {
	outputs := must(open(t).GenerateMany(background, []string{"The fox"}, gpt.NumBeams(4), gpt.NumReturnSequences(3),
		gpt.MaxNewTokens(8)))
	if len(outputs) != 3 || outputs[0].Score < outputs[1].Score || outputs[1].Score < outputs[2].Score {
		t.Fatal(outputs)
	}
}

// One beam is no beam search: samples are drawn.
func TestSamplesOfOneBeamDiffer(t *testing.T) {
	// Its own files turn sampling on.
	source, bare := must(gpt.Find("storyteller")), t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json"} {
		if err := os.Symlink(filepath.Join(source, name), filepath.Join(bare, name)); err != nil {
			t.Skip(err)
		}
	}
	model := must(gpt.Open(bare, gpt.WithThreads(1)))
	defer model.Close()
	outputs := must(model.GenerateMany(background, []string{"The fox"}, gpt.NumBeams(1), gpt.NumReturnSequences(2),
		gpt.Seed(1), gpt.MaxNewTokens(20)))
	if outputs[0].Text == outputs[1].Text {
		t.Fatal(outputs)
	}
}

func TestStepByStep(t *testing.T) {
	model := open(t)
	generator := must(model.Generator(gpt.MaxNewTokens(5), gpt.DoSample(false), gpt.LogProbs(2)))
	defer generator.Close()
	first, second := must(generator.Add("The fox")), must(generator.AddIDs(must(model.Tokenizer().Encode("One day"))))
	texts, ended := map[int64]string{}, 0
	for generator.Active() > 0 {
		for _, event := range must(generator.Step(background)) {
			texts[event.Sequence] += event.Text
			if len(event.Alternatives) != 2 || event.Alternatives[0] != (gpt.Alternative{event.Token, event.LogProb}) {
				t.Fatal(event)
			}
			if event.FinishReason != "" {
				ended++
			}
		}
	}
	alone := must(model.Generate(background, "One day", gpt.MaxNewTokens(5), gpt.DoSample(false)))
	if ended != 2 || texts[first] == "" || texts[second] != alone {
		t.Fatal(ended, texts, alone)
	}
	sequence := must(generator.Add("The fox"))
	if err := generator.Drop(sequence); err != nil {
		t.Fatal(err)
	}
	if err := generator.Drop(sequence); !errors.Is(err, gpt.ErrNotFound) {
		t.Fatal(err)
	}
}

func TestErrorsHaveAKindAndNameWhatIsWrong(t *testing.T) {
	model := open(t)
	generate := func(prompt string, settings ...gpt.Setting) error {
		_, err := model.Generate(background, prompt, settings...)
		return err
	}
	_, nothing := gpt.Open("no-such-model")
	_, tokenizer := gpt.OpenTokenizer("no-such-model")
	_, found := gpt.Find("no-such-model")
	_, nul := gpt.Open("story\x00teller")
	_, long := must(model.Generator()).Logits(strings.Repeat("fox ", 5000))
	for _, c := range []struct {
		err   error
		kind  error
		words string
	}{
		{nothing, gpt.ErrNotFound, "no-such-model"},
		{tokenizer, gpt.ErrNotFound, "no-such-model"},
		{found, gpt.ErrNotFound, "no-such-model"},
		{nul, gpt.ErrArgument, "NUL"},
		{long, gpt.ErrContext, ""},
		{generate("x", gpt.TopP(2)), gpt.ErrArgument, "top_p"},
		{generate("x", gpt.Temperature(math.NaN())), gpt.ErrArgument, "temperature"},
		{generate("x", gpt.MaxNewTokens(1<<40)), gpt.ErrArgument, "max_new_tokens"},
		{generate("x", gpt.Setting{}), gpt.ErrArgument, "setting"},
	} {
		if !errors.Is(c.err, c.kind) || !strings.Contains(c.err.Error(), c.words) {
			t.Errorf("%v is not %v with %q", c.err, c.kind, c.words)
		}
	}
}

func TestContextStopsTheComputation(t *testing.T) {
	model := open(t)
	generator := must(model.Generator(gpt.MaxNewTokens(500), gpt.EOSTokenIDs(), gpt.DoSample(false)))
	defer generator.Close()
	ctx, cancel := context.WithCancel(background)
	cancel()
	if _, err := generator.Generate(ctx, "The fox"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(background, 5*time.Millisecond)
	defer cancel()
	if _, err := generator.Generate(ctx, "The fox"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(background)
	defer cancel()
	stream := generator.Stream(ctx, "The fox")
	for stream.Next() {
		cancel()
	}
	if !errors.Is(stream.Err(), context.Canceled) || generator.Active() != 0 {
		t.Fatal(stream.Err(), generator.Active())
	}
	// The generator goes on afterwards.
	if err := generator.Set(gpt.MaxNewTokens(3)); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 3; i++ {
		if _, err := generator.Generate(background, "The fox"); err != nil {
			t.Fatal(err)
		}
	}
}

// A context that ends when its step is as good as done stops nothing, and not the next step either.
func TestALateCancelIsNotLeftBehind(t *testing.T) {
	generator := must(open(t).Generator(gpt.MaxNewTokens(5), gpt.EOSTokenIDs(), gpt.DoSample(false)))
	defer generator.Close()
	ctx, cancel := context.WithCancel(background)
	if err := generator.Set(gpt.LogitsProcessor(func([]int32, []float32) {
		// Nothing looks whether to stop after this. It is long enough for the other goroutine to ask for it.
		cancel()
		time.Sleep(20 * time.Millisecond)
	})); err != nil {
		t.Fatal(err)
	}
	must(generator.Add("The fox"))
	if events, err := generator.Step(ctx); len(events) != 1 && !errors.Is(err, context.Canceled) {
		t.Fatal(events, err)
	}
	for _, events := range [][]gpt.Event{must(generator.Step(background)), must(generator.Step(background))} {
		if len(events) != 1 {
			t.Fatal(events)
		}
	}
}

// Nor another computation, also when the step has failed otherwise; and who cancels afterwards is heard.
func TestALateCancelStopsNoOtherComputation(t *testing.T) {
	generator := must(open(t).Generator(gpt.MaxNewTokens(5), gpt.EOSTokenIDs(), gpt.DoSample(false)))
	defer generator.Close()
	cancel, fail := func() {}, false
	if err := generator.Set(gpt.LogitsProcessor(func(_ []int32, logits []float32) {
		cancel()
		time.Sleep(20 * time.Millisecond)
		for i := range logits {
			if fail {
				logits[i] = float32(math.NaN())
			}
		}
	})); err != nil {
		t.Fatal(err)
	}
	must(generator.Add("The fox"))
	computations := []func() error{
		func() error { _, err := generator.Logits("The owl"); return err },
		func() error { _, err := generator.HiddenStates("The owl"); return err },
		func() error { _, err := generator.Score("The owl"); return err },
	}
	for i, compute := range append(computations, computations...) {
		ctx, end := context.WithCancel(background)
		defer end()
		cancel, fail = end, i >= len(computations)
		if _, err := generator.Step(ctx); fail && (err == nil || errors.Is(err, context.Canceled)) {
			t.Fatal(i, err)
		}
		if err := compute(); err != nil {
			t.Fatal(i, err)
		}
		generator.Cancel()
		if err := compute(); !errors.Is(err, gpt.ErrCancelled) {
			t.Fatal(i, err)
		}
	}
}

func TestCancelFromAnotherGoroutine(t *testing.T) {
	generator := must(open(t).Generator(gpt.MaxNewTokens(900), gpt.EOSTokenIDs(), gpt.DoSample(false)))
	defer generator.Close()
	must(generator.Add("The fox"))
	go func() {
		time.Sleep(time.Millisecond)
		generator.Cancel()
	}()
	for {
		if _, err := generator.Step(background); err != nil {
			if !errors.Is(err, gpt.ErrCancelled) {
				t.Fatal(err)
			}
			return
		}
	}
}

func TestLogitsProcessor(t *testing.T) {
	model := open(t)
	calls := 0
	outputs := must(model.GenerateMany(background, []string{"The fox"}, gpt.MaxNewTokens(3), gpt.DoSample(false),
		gpt.LogitsProcessor(func(ids []int32, logits []float32) {
			calls++
			if len(logits) != model.VocabSize() || len(ids) < 2 {
				panic("wrong sizes")
			}
			for i := range logits {
				logits[i] = -10
			}
			logits[584] = 10
		})))
	if calls != 3 || fmt.Sprint(outputs[0].TokenIDs) != "[584 584 584]" {
		t.Fatal(calls, outputs)
	}
}

func TestAPanicStopsTheGenerationAndArrives(t *testing.T) {
	generator := must(open(t).Generator(gpt.MaxNewTokens(50), gpt.DoSample(false)))
	defer generator.Close()
	var inside error
	_ = generator.Set(gpt.LogitsProcessor(func([]int32, []float32) {
		_, inside = generator.Step(background)
		panic("from the processor")
	}))
	func() {
		defer func() {
			if problem := recover(); problem != "from the processor" {
				t.Fatal(problem)
			}
		}()
		_, _ = generator.Generate(background, "The fox")
	}()
	if !errors.Is(inside, gpt.ErrArgument) || generator.Active() != 0 {
		t.Fatal(inside, generator.Active())
	}
	if err := generator.Set(gpt.LogitsProcessor(nil)); err != nil {
		t.Fatal(err)
	}
	must(generator.Generate(background, "The fox"))
}

// It can not use its own generator; other goroutines wait for the step in which it runs.
func TestALogitsProcessorIsAlone(t *testing.T) {
	generator := must(open(t).Generator(gpt.MaxNewTokens(3), gpt.DoSample(false)))
	defer generator.Close()
	entered, waited := make(chan bool), make(chan error)
	var once sync.Once
	var inside error
	var closed any
	_ = generator.Set(gpt.LogitsProcessor(func([]int32, []float32) {
		once.Do(func() {
			close(entered)
			// Long enough for the other goroutine to ask.
			time.Sleep(50 * time.Millisecond)
		})
		_, inside = generator.Add("The owl")
		func() {
			defer func() { closed = recover() }()
			generator.Close()
		}()
	}))
	go func() {
		<-entered
		_, err := generator.Generate(background, "One day")
		waited <- err
	}()
	must(generator.Generate(background, "The fox"))
	if err := <-waited; err != nil {
		t.Fatal("another goroutine:", err)
	}
	if err, _ := closed.(error); !errors.Is(inside, gpt.ErrArgument) || !errors.Is(err, gpt.ErrArgument) {
		t.Fatal(inside, closed)
	}
}

// A stream that is used in the middle of its own step goes on, and ends as any other.
func TestALogitsProcessorCanNotUseItsOwnStream(t *testing.T) {
	model := open(t)
	settings := []gpt.Setting{gpt.MaxNewTokens(6), gpt.DoSample(false), gpt.EOSTokenIDs()}
	generator := must(model.Generator(settings...))
	defer generator.Close()
	expected := must(generator.Generate(background, "The fox"))
	var stream *gpt.Stream
	calls := 0
	process := gpt.LogitsProcessor(func([]int32, []float32) {
		calls++
		if stream.Next() || !errors.Is(stream.Err(), gpt.ErrArgument) {
			t.Error(stream.Text(), stream.Err())
		}
		stream.Close()
	})
	if err := generator.Set(process); err != nil {
		t.Fatal(err)
	}
	// A stream of a generator, and one with a generator of its own, which it closes.
	for _, stream = range []*gpt.Stream{generator.Stream(background, "The fox"),
		model.Stream(background, "The fox", append(settings, process)...)} {
		streamed := ""
		for stream.Next() {
			streamed += stream.Text()
		}
		if streamed != expected || stream.Err() != nil || stream.FinishReason() != "length" || stream.Next() {
			t.Fatalf("%v: %q, not %q", stream.Err(), streamed, expected)
		}
	}
	if calls != 12 || generator.Active() != 0 {
		t.Fatal(calls, generator.Active())
	}
}

func TestTextCrossesUnharmed(t *testing.T) {
	model := open(t)
	tokenizer := model.Tokenizer()
	for _, text := range []string{"a\x00b", fox, "", "\x00", strings.Repeat("The fox "+fox+"\x00\n", 50000)} {
		if back := must(tokenizer.Decode(must(tokenizer.Encode(text)))); back != text {
			t.Errorf("%.40q became %.40q", text, back)
		}
	}
	var bytes []byte
	for _, id := range must(tokenizer.Encode(fox)) {
		bytes = append(bytes, must(tokenizer.TokenBytes(id))...)
	}
	if string(bytes) != fox {
		t.Fatal(bytes)
	}
	// Any tokens: each piece is whole characters all the same.
	stream := model.Stream(background, fox, gpt.MaxNewTokens(60), gpt.Seed(11), gpt.Temperature(100), gpt.EOSTokenIDs())
	for stream.Next() {
		if !utf8.ValidString(stream.Text()) {
			t.Fatalf("%q", stream.Text())
		}
	}
	if len(stream.TokenIDs()) != 60 {
		t.Fatal(stream.TokenIDs(), stream.Err())
	}
}

func TestTokenizer(t *testing.T) {
	tokenizer := must(gpt.OpenTokenizer("storyteller"))
	end := tokenizer.TokenID("<|endoftext|>")
	if !tokenizer.IsSpecial(end) || tokenizer.TokenID("no such token") != -1 || tokenizer.VocabSize() < 1000 {
		t.Fatal(end, tokenizer.VocabSize())
	}
	if must(tokenizer.Count("<|endoftext|>")) != 1 || len(must(tokenizer.EncodeOrdinary("<|endoftext|>"))) < 2 {
		t.Fatal("special tokens")
	}
	if must(tokenizer.DecodePlain([]int32{end, 584})) != "Once" {
		t.Fatal("special tokens are left out")
	}
	if _, err := tokenizer.TokenBytes(-1); !errors.Is(err, gpt.ErrArgument) {
		t.Fatal(err)
	}
	tokenizer.Close()
	tokenizer.Close()
	if _, err := tokenizer.Encode("x"); !errors.Is(err, gpt.ErrArgument) {
		t.Fatal(err)
	}
}

func TestNumbers(t *testing.T) {
	model := open(t)
	generator := must(model.Generator())
	defer generator.Close()
	ids := must(model.Tokenizer().Encode("Once upon a time"))
	logits, hidden := must(generator.Logits("Once upon a time")), must(generator.HiddenStates("Once upon a time"))
	scores := must(generator.Score("Once upon a time"))
	if len(logits) != 4 || len(logits[3]) != model.VocabSize() || len(hidden[0]) != model.HiddenSize() {
		t.Fatal(len(logits), len(hidden))
	}
	// The definition: the logit of the next token less the logarithm of the sum of all exponentials.
	sum := 0.0
	for _, logit := range logits[0] {
		sum += math.Exp(float64(logit))
	}
	expected := float64(logits[0][ids[1]]) - math.Log(sum)
	if scores[0] == scores[0] || math.Abs(float64(scores[1])-expected) > 1e-4 {
		t.Fatal(scores, expected)
	}
}

// As a model needs it whose files have no tokenizer.
func TestIDsInsteadOfText(t *testing.T) {
	model := open(t)
	settings := []gpt.Setting{gpt.MaxNewTokens(8), gpt.DoSample(false)}
	ids := must(model.Tokenizer().Encode("The fox"))
	text := must(model.GenerateMany(background, []string{"The fox"}, settings...))[0]
	output := must(model.GenerateManyIDs(background, [][]int32{ids}, settings...))[0]
	if output.Text != text.Text || output.PromptTokens != len(ids) || output.Prompt != "" {
		t.Fatal(output)
	}
	beams := append([]gpt.Setting{gpt.NumBeams(2)}, settings...)
	found, expected := must(model.GenerateManyIDs(background, [][]int32{ids}, beams...)),
		must(model.GenerateMany(background, []string{"The fox"}, beams...))
	if found[0].Text != expected[0].Text {
		t.Fatal(found, expected)
	}
	stream, streamed := model.StreamIDs(background, ids, settings...), ""
	for stream.Next() {
		streamed += stream.Text()
	}
	if streamed != text.Text {
		t.Fatal(streamed)
	}
	generator := must(model.Generator())
	defer generator.Close()
	// The first score is NaN, which alone differs from itself.
	if !reflect.DeepEqual(must(generator.LogitsIDs(ids)), must(generator.Logits("The fox"))) ||
		!reflect.DeepEqual(must(generator.HiddenStatesIDs(ids)), must(generator.HiddenStates("The fox"))) ||
		!reflect.DeepEqual(must(model.ScoreIDs(ids))[1:], must(model.Score("The fox"))[1:]) {
		t.Fatal("numbers of ids")
	}
	bare := must(gpt.Open(filepath.Join(os.Getenv("TEST_SOURCE_DIR"), "golden", "models", "gpt2"), gpt.WithThreads(1)))
	defer bare.Close()
	if scores := must(bare.ScoreIDs([]int32{1, 2, 3})); len(scores) != 3 {
		t.Fatal(scores)
	}
	if outputs := must(bare.GenerateManyIDs(background, [][]int32{{1, 2}}, gpt.MaxNewTokens(3))); len(outputs) != 1 {
		t.Fatal(outputs)
	}
}

// What is expected is what openai-harmony 0.0.8 renders, as in tests/unit/test_chat.c.
func TestConversationsBecomePrompts(t *testing.T) {
	chat := must(gpt.NewChat())
	for _, err := range []error{
		chat.SetReasoning("high"),
		chat.SetDate("2025-06-28"),
		chat.Add(gpt.Developer, "Always respond in riddles"),
		chat.Add(gpt.User, "What is 2 + 2?"),
		chat.AddTo(gpt.Assistant, "analysis", "Four"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	expected := "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n" +
		"Knowledge cutoff: 2024-06\nCurrent date: 2025-06-28\n\nReasoning: high\n\n" +
		"# Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>" +
		"<|start|>developer<|message|># Instructions\n\nAlways respond in riddles<|end|>" +
		"<|start|>user<|message|>What is 2 + 2?<|end|>" +
		"<|start|>assistant<|channel|>analysis<|message|>Four<|end|><|start|>assistant"
	if text := must(chat.Render()); text != expected {
		t.Fatalf("%q", text)
	}
	// A rank file is read as its name says; this one has the format's tokens.
	ranks := filepath.Join(os.Getenv("TEST_SOURCE_DIR"), "golden", "tokenizers", "tiktoken", "o200k_base.tiktoken")
	path := filepath.Join(t.TempDir(), "o200k_harmony.tiktoken")
	if err := os.WriteFile(path, must(os.ReadFile(ranks)), 0o600); err != nil {
		t.Fatal(err)
	}
	tokenizer := must(gpt.OpenTokenizer(path))
	if !reflect.DeepEqual(must(chat.Encode(tokenizer)), must(tokenizer.Encode(expected))) {
		t.Fatal("ids are not those of the text")
	}
	if _, err := chat.Encode(open(t).Tokenizer()); !errors.Is(err, gpt.ErrUnsupported) {
		t.Fatal(err)
	}
	if err := chat.SetReasoning("some"); !errors.Is(err, gpt.ErrArgument) {
		t.Fatal(err)
	}
	chat.Close()
	chat.Close()
	if _, err := chat.Render(); !errors.Is(err, gpt.ErrArgument) {
		t.Fatal(err)
	}
}

func TestWhatIsUsedStaysAliveAndWhatIsClosedSaysSo(t *testing.T) {
	model := must(gpt.Open("storyteller", gpt.WithDtype(gpt.F32), gpt.WithThreads(1)))
	if model.Dtype() != gpt.F32 || model.Family() == "" || model.Parameters() < 1000000 || model.WeightBytes() == 0 {
		t.Fatal(model)
	}
	generator := must(model.Generator(gpt.MaxNewTokens(3), gpt.DoSample(false)))
	tokenizer := model.Tokenizer()
	model.Close()
	model.Close()
	if _, err := model.Generate(background, "x"); !errors.Is(err, gpt.ErrArgument) {
		t.Fatal(err)
	}
	must(generator.Generate(background, "The fox"))
	must(tokenizer.Encode("The fox"))
	generator.Close()
	generator.Close()
	generator.Cancel()
	if _, err := generator.Generate(background, "The fox"); !errors.Is(err, gpt.ErrArgument) {
		t.Fatal(err)
	}
}

func TestAGeneratorNeedsNoModelThatIsOpen(t *testing.T) {
	model := must(gpt.Open("storyteller", gpt.WithThreads(1)))
	generator := must(model.Generator(gpt.MaxNewTokens(20), gpt.DoSample(false)))
	defer generator.Close()
	logits, hidden := must(generator.Logits("The fox")), must(generator.HiddenStates("The fox"))
	ids := must(generator.GenerateMany(background, []string{"The fox"}))[0].TokenIDs
	first, last := gpt.EOSTokenIDs(ids[0]), gpt.EOSTokenIDs(ids[len(ids)-1])
	model.Close()
	if closed := must(generator.Logits("The fox")); !reflect.DeepEqual(closed, logits) {
		t.Fatal(len(closed), len(logits))
	}
	if closed := must(generator.HiddenStates("The fox")); !reflect.DeepEqual(closed, hidden) {
		t.Fatal(len(closed), len(hidden))
	}
	// The tokens of before end nothing any more.
	if err := generator.Set(first, last); err != nil {
		t.Fatal(err)
	}
	if output := must(generator.GenerateMany(background, []string{"The fox"}))[0]; output.TokenIDs[0] != ids[0] ||
		len(output.TokenIDs) == 1 {
		t.Fatal(output)
	}
}

func TestManyGoroutines(t *testing.T) {
	model := open(t)
	expected := must(model.Generate(background, "The fox", gpt.MaxNewTokens(8), gpt.DoSample(false)))
	shared := must(model.Generator(gpt.MaxNewTokens(8), gpt.DoSample(false)))
	defer shared.Close()
	var group sync.WaitGroup
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 3; j++ {
				own, err := model.Generate(background, "The fox", gpt.MaxNewTokens(8), gpt.DoSample(false))
				if err != nil || own != expected {
					t.Errorf("%v: %q", err, own)
				}
				together, err := shared.Generate(background, "The fox")
				if err != nil || together != expected {
					t.Errorf("%v: %q", err, together)
				}
				if _, err := gpt.Open(fmt.Sprint("no-such-model-", j)); !strings.Contains(err.Error(), fmt.Sprint("model-", j)) {
					t.Errorf("another goroutine's message: %v", err)
				}
			}
		}()
	}
	group.Wait()
}

// kilobytes is the memory of this process.
func kilobytes(t *testing.T) int {
	var total, resident int
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("there is no /proc/self/statm to read memory from")
	}
	if _, err := fmt.Sscan(string(data), &total, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize() / 1024
}

func TestThousandsOfCyclesLeaveMemoryFlat(t *testing.T) {
	model := open(t)
	cycle := func(closes bool) {
		generator := must(model.Generator(gpt.MaxNewTokens(1), gpt.LogitsProcessor(func([]int32, []float32) {})))
		must(generator.GenerateMany(background, []string{"The fox", "The owl"}))
		must(generator.Score("The fox"))
		stream := generator.Stream(background, "The fox")
		stream.Next()
		stream.Close()
		_, _ = gpt.Open("no-such-model")
		if closes {
			generator.Close()
		}
	}
	cycles := func(count int, closes bool) {
		for i := 0; i < count; i++ {
			cycle(closes)
			if !closes && i%20 == 0 {
				runtime.GC()
			}
		}
	}
	for _, c := range []struct {
		closes bool
		// What may be kept: generators that wait for their finalizers have megabytes each. A leak would be gigabytes.
		limit int
	}{{true, 16 << 10}, {false, 300 << 10}} {
		// C's allocator keeps what the most generators at a time have needed.
		cycles(600, c.closes)
		before := kilobytes(t)
		cycles(1200, c.closes)
		// Finalizers run after a collection, in a goroutine of their own.
		grown := math.MaxInt
		for try := 0; try < 200 && grown > c.limit; try++ {
			runtime.GC()
			time.Sleep(10 * time.Millisecond)
			grown = kilobytes(t) - before
		}
		if grown > c.limit {
			t.Errorf("closed: %v, memory grew by %d kB", c.closes, grown)
		}
	}
}
