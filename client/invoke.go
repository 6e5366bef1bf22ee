package client

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
)

// Request is one call of a service. Only URL is required.
type Request struct {
	Connection string            `json:"connection,omitempty"` // link name; empty: the call carries no credential
	URL        string            `json:"url"`                  // absolute, or from / relative to the service's base URL
	Type       string            `json:"type,omitempty"`       // the method; GET when empty
	Headers    map[string]string `json:"headers,omitempty"`
	// Parameters are a string, or a value that encodes as a JSON object. On GET, HEAD and DELETE, and beside a Body,
	// they go to the query; else an object is sent form-encoded and a string as it is.
	Parameters      any    `json:"parameters,omitempty"`
	Body            any    `json:"body,omitempty"` // a string is sent as it is, an object as JSON
	Files           []File `json:"files,omitempty"`
	ContentType     string `json:"content_type,omitempty"`
	TimeoutMS       int64  `json:"timeout_ms,omitempty"` // the server's default when zero
	FollowRedirects bool   `json:"follow_redirects,omitempty"`
	// ResponseDecoding is the character set of the answer, where the answer itself does not say it.
	ResponseDecoding string `json:"response_decoding,omitempty"`
}

// File is one part of a multipart request.
type File struct {
	Name        string `json:"name"`
	Filename    string `json:"filename,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Content     []byte `json:"content_base64"`
}

// Answer is what the service answered, whatever its status.
type Answer struct {
	Document
	Status     int               `json:"status"`
	Headers    map[string]string `json:"headers"` // by lower-case names; several values are joined by ", "
	Body       json.RawMessage   `json:"body"`    // the service's JSON, or its text as a JSON string
	BodyBase64 []byte            `json:"body_base64"`
	DurationMS int64             `json:"duration_ms"`
}

// Bytes is the body: binary and text as the service sent it, JSON as Lanyard passed it on.
func (a *Answer) Bytes() ([]byte, error) {
	if len(a.BodyBase64) > 0 {
		return a.BodyBase64, nil
	}
	switch {
	case len(a.Body) == 0 || string(a.Body) == `""`: // no body, whatever the type says
		return nil, nil
	case a.Body[0] != '"' || a.isJSON():
		return a.Body, nil
	}
	var text string
	if err := json.Unmarshal(a.Body, &text); err != nil {
		return nil, fmt.Errorf("read the answer's text: %w", err)
	}
	return []byte(text), nil
}

func (a *Answer) isJSON() bool {
	t, _, _ := mime.ParseMediaType(a.Headers["content-type"]) // empty when it cannot be read
	return t == "application/json" || strings.HasSuffix(t, "+json")
}

// Invoke performs one request through a connection. An answer of the service is never an error, whatever its status.
func (c *Client) Invoke(ctx context.Context, r *Request) (*Answer, error) {
	return call[Answer](ctx, c, http.MethodPost, "/v1/invoke", nil, r)
}
