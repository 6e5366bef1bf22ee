package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"lanyard/client"
)

// invocation is what was typed after lanyard invoke.
type invocation struct {
	connection, method, target string
	header                     http.Header
	body                       []byte // nil: none
	include, fail              bool
}

func (a *app) invokeCommand() *cobra.Command {
	var headers, data []string
	in := invocation{}
	cmd := &cobra.Command{
		Use:   "invoke CONNECTION [METHOD] URL-or-/path",
		Short: "Call a service through a connection, like curl",
		Long: `Sends one request to the service behind a connection; Lanyard puts the credential on.

What begins with / is relative to the service's base URL and streams both ways, byte for byte. An absolute URL must
have a host that the service lists. METHOD is GET, or POST with -d, when it is left out.

The Content-Type of -d is application/json when the data is a JSON object or array, else
application/x-www-form-urlencoded as curl has it; -H 'Content-Type: …' says otherwise. Several -d are joined by &.
Give data that is nobody else's business by -d @FILE or, from stdin, -d @-: other users of this machine can read the
arguments of a running program.

The exit status is 0 whenever the service answered, whatever it said; with --fail it is 1 from status 400 on.
With --json the answer is printed as the API's document with status, headers and body.`,
		Example: `  lanyard invoke acme_support /v2/tickets
  lanyard invoke acme_support POST /v2/tickets -d '{"subject": "Hello"}'
  lanyard invoke acme_support PUT https://files.acme.com/logo.svg -H 'Content-Type: image/svg+xml' -d @logo.svg
  lanyard invoke acme_support /v2/tickets/7 -i --fail`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 2 {
				return arguments("CONNECTION", "METHOD", "URL-or-/path")(cmd, args)
			}
			return arguments("CONNECTION", "URL-or-/path")(cmd, args)
		},
		ValidArgsFunction: a.completeConnections,
		RunE: func(cmd *cobra.Command, args []string) error {
			in.connection, in.target = args[0], args[len(args)-1]
			if len(args) == 3 {
				in.method = strings.ToUpper(args[1])
			}
			if err := a.prepare(cmd, &in, headers, data); err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			if strings.HasPrefix(in.target, "/") && !a.json {
				return a.invokeStreaming(cmd, c, &in)
			}
			return a.invokeWhole(cmd, c, &in)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&headers, "header", "H", nil, "send this header, as in `'Name: value'`; may be given several times")
	flags.StringArrayVarP(&data, "body", "d", nil, "send `DATA`, or what @FILE holds; @- reads stdin")
	flags.BoolVarP(&in.include, "include", "i", false, "print the status and the headers of the answer before it")
	flags.BoolVar(&in.fail, "fail", false, "exit with 1 when the service answers with a status from 400 on")
	return a.remote(cmd)
}

// prepare reads headers and data, and fills in what was left out.
func (a *app) prepare(cmd *cobra.Command, in *invocation, headers, data []string) error {
	in.header = http.Header{}
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || name == "" {
			return misused(cmd, "-H takes a name, a colon and a value, as in -H 'Accept: text/plain'")
		}
		in.header.Add(name, strings.TrimSpace(value))
	}
	var parts [][]byte
	for _, d := range data {
		part := []byte(d)
		if name, ok := strings.CutPrefix(d, "@"); ok {
			var err error
			if part, err = a.readSource(name); err != nil {
				return err
			}
		}
		parts = append(parts, part)
	}
	if len(parts) > 0 {
		in.body = append([]byte{}, bytes.Join(parts, []byte("&"))...)
		if in.header.Get("Content-Type") == "" {
			in.header.Set("Content-Type", contentType(in.body))
		}
	}
	switch {
	case in.method != "":
	case in.body != nil:
		in.method = http.MethodPost
	default:
		in.method = http.MethodGet
	}
	return nil
}

// contentType tells JSON objects and arrays from everything else, for which curl's default stands.
func contentType(data []byte) string {
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid(data) {
		return "application/json"
	}
	return "application/x-www-form-urlencoded"
}

// invokeStreaming goes through the proxy.
func (a *app) invokeStreaming(cmd *cobra.Command, c *client.Client, in *invocation) error {
	var body io.Reader
	if in.body != nil {
		body = bytes.NewReader(in.body)
	}
	res, err := c.Proxy(cmd.Context(), in.connection, in.method, in.target, in.header, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if in.include {
		if err := a.writeHead(res.StatusCode, res.Header); err != nil {
			return err
		}
	}
	if _, err := io.Copy(a.stdout, res.Body); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	return in.verdict(res.StatusCode)
}

// invokeWhole goes through /v1/invoke: for absolute URLs, and for those who want the API's document.
func (a *app) invokeWhole(cmd *cobra.Command, c *client.Client, in *invocation) error {
	r := &client.Request{Connection: in.connection, URL: in.target, Type: in.method, Headers: map[string]string{}}
	for name, values := range in.header {
		r.Headers[name] = strings.Join(values, ", ")
	}
	if in.body != nil {
		if !utf8.Valid(in.body) {
			return hinted(fmt.Errorf("this data is not text, and an absolute URL takes text only"),
				"binary data can be sent to a path that begins with /, relative to the service's base URL")
		}
		r.Body, r.ContentType = string(in.body), in.header.Get("Content-Type")
		delete(r.Headers, "Content-Type")
	}
	answer, err := c.Invoke(cmd.Context(), r)
	if err != nil {
		return err
	}
	if a.json {
		if err := a.printJSON(answer.JSON()); err != nil {
			return err
		}
		return in.verdict(answer.Status)
	}
	if in.include {
		header := http.Header{}
		for name, value := range answer.Headers {
			header.Set(name, value)
		}
		if err := a.writeHead(answer.Status, header); err != nil {
			return err
		}
	}
	body, err := answer.Bytes()
	if err != nil {
		return err
	}
	if _, err := a.stdout.Write(body); err != nil {
		return err
	}
	return in.verdict(answer.Status)
}

// writeHead writes status line and headers as curl -i does.
func (a *app) writeHead(status int, header http.Header) error {
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(&head, "%s: %s\r\n", name, value)
		}
	}
	head.WriteString("\r\n")
	_, err := head.WriteTo(a.stdout)
	return err
}

// verdict is what the exit status says of the service's answer.
func (in *invocation) verdict(status int) error {
	if in.fail && status >= 400 {
		return fmt.Errorf("the service answered %d %s", status, http.StatusText(status))
	}
	return nil
}
