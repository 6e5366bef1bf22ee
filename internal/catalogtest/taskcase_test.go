package catalogtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// taskCase is one call of an integration task, what has to be sent for it, and what comes of the answer. It is written
// from the provider's documentation, in testdata/tasks/<link name of the entry>.txt.
type taskCase struct {
	File    string // with the line: "slack.txt:3"
	Entry   string // link name
	Script  string
	Method  string
	URL     string
	Headers [][2]string
	// Kind is how the body is said: body (JSON), form, text or part; empty for none.
	Kind    string
	Body    []string
	Status  int
	Answer  string
	Prints  []string
	Runtime string // what the error of the script holds; empty when it has none
}

// taskCases reads all cases of a directory.
func taskCases(dir string) ([]taskCase, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	var all []taskCase
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		cases, err := readCases(filepath.Base(name), string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, cases...)
	}
	return all, nil
}

func readCases(file, text string) ([]taskCase, error) {
	var all []taskCase
	var c *taskCase
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \r")
		if line == "" || strings.HasPrefix(line, "#") {
			if line == "" {
				c = nil
			}
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%s:%d: a line is key: value", file, i+1)
		}
		value = strings.TrimPrefix(value, " ")
		if c == nil {
			all = append(all, taskCase{File: fmt.Sprintf("%s:%d", file, i+1), Entry: strings.TrimSuffix(file, ".txt"), Status: 200})
			c = &all[len(all)-1]
		}
		if err := c.set(key, value); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
	}
	return all, nil
}

func (c *taskCase) set(key, value string) error {
	switch key {
	case "call":
		c.Script = value
	case "sends":
		c.Method, c.URL, _ = strings.Cut(value, " ")
	case "header":
		name, v, ok := strings.Cut(value, ": ")
		if !ok {
			return fmt.Errorf("a header is name: value")
		}
		c.Headers = append(c.Headers, [2]string{name, v})
	case "body", "form", "text", "part":
		if c.Kind != "" && (c.Kind != key || key != "part") {
			return fmt.Errorf("there is one body")
		}
		c.Kind = key
		c.Body = append(c.Body, value)
	case "answers":
		status, body, _ := strings.Cut(value, " ")
		n, err := strconv.Atoi(status)
		if err != nil {
			return fmt.Errorf("an answer begins with its status")
		}
		c.Status, c.Answer = n, body
	case "prints":
		c.Prints = append(c.Prints, value)
	case "error":
		c.Runtime = value
	default:
		return fmt.Errorf("there is no key %s", key)
	}
	return nil
}

// compare says in what a request that was sent differs from the case; empty when it does not.
// without are the names of the query that belong to the credential.
func (c *taskCase) compare(r *http.Request, body []byte, without ...string) []string {
	var differ []string
	add := func(format string, args ...any) { differ = append(differ, fmt.Sprintf(format, args...)) }
	want, err := url.Parse(c.URL)
	if err != nil {
		return []string{"the URL of the case: " + err.Error()}
	}
	host := r.URL.Host
	if host == "" {
		host = r.Host
	}
	if got := r.Method + " " + host + r.URL.EscapedPath(); got != c.Method+" "+want.Host+want.EscapedPath() {
		add("sent %s, want %s", got, c.Method+" "+want.Host+want.EscapedPath())
	}
	query := r.URL.Query()
	for _, name := range without {
		query.Del(name)
	}
	if !reflect.DeepEqual(query, want.Query()) {
		add("query %s, want %s", r.URL.RawQuery, want.RawQuery)
	}
	for _, h := range c.Headers {
		if got := r.Header.Get(h[0]); got != h[1] {
			add("header %s: %q, want %q", h[0], got, h[1])
		}
	}
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch c.Kind {
	case "":
		if len(body) > 0 {
			add("a body was sent: %s", body)
		}
	case "text":
		if string(body) != c.Body[0] {
			add("body %q, want %q", body, c.Body[0])
		}
	case "body":
		if !strings.HasSuffix(media, "json") {
			add("the body was sent as %s", media)
		}
		if !sameJSON(body, []byte(c.Body[0])) {
			add("body %s, want %s", body, c.Body[0])
		}
	case "form":
		got, _ := url.ParseQuery(string(body))
		form, _ := url.ParseQuery(c.Body[0])
		if media != "application/x-www-form-urlencoded" || !reflect.DeepEqual(got, form) {
			add("form %s as %s, want %s", body, media, c.Body[0])
		}
	case "part":
		got, err := parts(body, params["boundary"])
		if err != nil || media != "multipart/form-data" || !slices.Equal(got, c.Body) {
			add("parts %q as %s (%v), want %q", got, media, err, c.Body)
		}
	}
	return differ
}

// parts are those of a multipart body, in the words of the cases.
func parts(body []byte, boundary string) ([]string, error) {
	var all []string
	for r := multipart.NewReader(bytes.NewReader(body), boundary); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return all, err
		}
		if p.FileName() == "" {
			all = append(all, p.FormName()+"="+string(content))
			continue
		}
		all = append(all, fmt.Sprintf("%s; filename=%s; type=%s; content=%s", p.FormName(), p.FileName(), p.Header.Get("Content-Type"), content))
	}
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
