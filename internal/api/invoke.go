package api

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"lanyard"
	"lanyard/internal/invoke"
)

type invokeInput struct {
	Depth int `header:"Lanyard-Depth" hidden:"true"` // a script may call Lanyard itself
	Body  json.RawMessage
}

// invokeAnswer is the upstream's answer, in the form that package invoke gives it.
type invokeAnswer struct{ *invoke.Answer }

// Schema implements [huma.SchemaProvider].
func (invokeAnswer) Schema(huma.Registry) *huma.Schema { return ref("InvokeAnswer") }

func (a *API) invoke(ctx context.Context, c *lanyard.Caller, in *invokeInput) (*answer[invokeAnswer], error) {
	var r invoke.Request
	if err := json.Unmarshal(in.Body, &r); err != nil {
		var known *lanyard.Error
		if errors.As(err, &known) {
			return nil, known
		}
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "The request cannot be read; nothing was sent.").With(err)
	}
	r.Depth = in.Depth
	out, err := a.Invoker.Invoke(ctx, c, &r)
	if err != nil {
		return nil, err
	}
	return &answer[invokeAnswer]{invokeAnswer{out}}, nil
}
