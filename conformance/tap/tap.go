// Package tap prints the Test Anything Protocol, version 13. It has what the programs of the
// validation suite call of github.com/mndrix/tap-go, under whose import path it is built.
package tap

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// T is one stream of numbered assertions.
type T struct {
	Writer io.Writer // nil: standard output
	count  *int
	todo   bool
}

// New returns a stream that has no assertion yet.
func New() *T {
	return &T{count: new(int)}
}

func (t *T) printf(format string, arguments ...interface{}) {
	writer := t.Writer
	if writer == nil {
		writer = os.Stdout
	}
	fmt.Fprintf(writer, format, arguments...)
}

// Header starts the stream, with the plan if the number of assertions is known (not 0).
func (t *T) Header(assertions int) {
	t.printf("TAP version 13\n")
	if assertions > 0 {
		t.printf("1..%d\n", assertions)
	}
}

// AutoPlan ends a stream that started without a plan.
func (t *T) AutoPlan() {
	t.printf("1..%d\n", *t.count)
}

// Count is the number of assertions until now.
func (t *T) Count() int {
	return *t.count
}

// Ok is an assertion. Its description stays on one line: the next one would be read as TAP.
func (t *T) Ok(passed bool, description string) {
	word := "ok"
	if !passed {
		word = "not ok"
	}
	*t.count++
	directive := ""
	if t.todo {
		directive = " # TODO"
	}
	t.printf("%s %d%s - %s\n", word, *t.count, directive, strings.ReplaceAll(description, "\n", " "))
}

// Pass is an assertion that passed, Fail one that failed.
func (t *T) Pass(description string) { t.Ok(true, description) }
func (t *T) Fail(description string) { t.Ok(false, description) }

// Todo returns the same stream for assertions that are expected to fail.
func (t *T) Todo() *T {
	todo := *t
	todo.todo = true
	return &todo
}

// Skip stands for a number of assertions that were not made.
func (t *T) Skip(assertions int, reason string) {
	for i := 0; i < assertions; i++ {
		*t.count++
		t.printf("ok %d # SKIP %s\n", *t.count, strings.ReplaceAll(reason, "\n", " "))
	}
}

// Diagnostic is a comment.
func (t *T) Diagnostic(message string) {
	t.printf("# %s\n", strings.ReplaceAll(strings.TrimRight(message, "\n"), "\n", "\n# "))
}

// Diagnosticf is Diagnostic with a format.
func (t *T) Diagnosticf(format string, arguments ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, arguments...))
}

// YAML is a block of data; JSON is YAML.
func (t *T) YAML(data interface{}) error {
	text, err := json.MarshalIndent(data, "  ", "  ")
	if err == nil {
		t.printf("  ---\n  %s\n  ...\n", text)
	}
	return err
}
