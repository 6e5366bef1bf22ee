package docs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// TestExamplesVerify runs the examples of webhooks.md on messages that the reference library signed.
func TestExamplesVerify(t *testing.T) {
	text, err := os.ReadFile("webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range []struct{ language, program, file, rest string }{
		{"go", "go run", "main.go", `
func main() {
	var m struct{ Secret, Body string; Headers map[string]string }
	if err := json.NewDecoder(os.Stdin).Decode(&m); err != nil {
		panic(err)
	}
	h := http.Header{}
	for name, value := range m.Headers {
		h.Set(name, value)
	}
	fmt.Print(verify(m.Secret, h, []byte(m.Body)))
}
`},
		{"js", "node", "main.js", `
const m = JSON.parse(require("node:fs").readFileSync(0));
process.stdout.write(String(verify(m.secret, m.headers, m.body)));
`},
		{"python", "python3", "main.py", `
import json, sys
m = json.load(sys.stdin)
print(str(verify(m["secret"], m["headers"], m["body"].encode())).lower(), end="")
`},
	} {
		t.Run(example.language, func(t *testing.T) {
			block := regexp.MustCompile("(?s)```" + example.language + "\n(.*?)```").FindSubmatch(text)
			if block == nil {
				t.Fatal("there is no such example")
			}
			code := string(block[1])
			if example.language == "go" { // what only the frame around it needs
				code = strings.Replace(code, "import (", "import (\n\t\"encoding/json\"\n\t\"fmt\"\n\t\"os\"", 1)
			}
			file := filepath.Join(t.TempDir(), example.file)
			if err := os.WriteFile(file, []byte(code+example.rest), 0o600); err != nil {
				t.Fatal(err)
			}
			const secret, other = "whsec_aW4gdGhlIGRvY3MsIGluIHRoZSBkb2Nz", "whsec_YW5vdGhlciBvbmUsIGFub3RoZXIgb25l"
			for _, c := range []struct {
				name   string
				sign   string
				age    time.Duration
				change func(headers map[string]string, body *string)
				want   string
			}{
				{"right", secret, 0, func(map[string]string, *string) {}, "true"},
				{"two signatures", secret, 0, func(h map[string]string, _ *string) { h["webhook-signature"] = "v1,AAAA " + h["webhook-signature"] }, "true"},
				{"another secret", other, 0, func(map[string]string, *string) {}, "false"},
				{"another body", secret, 0, func(_ map[string]string, body *string) { *body += " " }, "false"},
				{"another id", secret, 0, func(h map[string]string, _ *string) { h["webhook-id"] = "evt_2" }, "false"},
				{"an old one", secret, 6 * time.Minute, func(map[string]string, *string) {}, "false"},
			} {
				v, err := standard.NewWebhook(c.sign)
				if err != nil {
					t.Fatal(err)
				}
				body, at := `{"type":"webhook.test","data":{"ü":1}}`, time.Now().Add(-c.age)
				signature, err := v.Sign("evt_1", at, []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				headers := map[string]string{"webhook-id": "evt_1", "webhook-timestamp": fmt.Sprint(at.Unix()), "webhook-signature": signature}
				c.change(headers, &body)
				input, err := json.Marshal(map[string]any{"secret": secret, "headers": headers, "body": body})
				if err != nil {
					t.Fatal(err)
				}
				program := strings.Fields(example.program)
				cmd := exec.CommandContext(t.Context(), program[0], append(program[1:], file)...)
				cmd.Stdin = strings.NewReader(string(input))
				out, err := cmd.CombinedOutput()
				if err != nil || string(out) != c.want {
					t.Errorf("%s: got %s, %v; want %s", c.name, out, err, c.want)
				}
			}
		})
	}
}
