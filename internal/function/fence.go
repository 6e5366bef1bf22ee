package function

import (
	"context"
	"fmt"
	"strings"

	"lanyard"
	"lanyard/internal/script"
)

// found is a saved function as one run has it: the same from the first call to the last, whatever becomes of it meanwhile.
type found struct {
	*lanyard.Function
	script *script.Script
}

// function finds a saved function for a call. A script of an extension calls those of its own extension, and learns of no
// other.
func (h *host) function(ctx context.Context, from, name string) (*script.Script, error) {
	fence, err := h.fence(ctx, from)
	if err != nil {
		return nil, h.explained(ctx, err)
	}
	fn, err := h.saved(ctx, name)
	if err != nil && (fence == nil || lanyard.CodeOf(err) != lanyard.CodeNotFound) {
		return nil, h.explained(ctx, err)
	}
	if fence != nil {
		if err := fence.AdmitFunction(name, fn.Function); err != nil {
			return nil, h.explained(ctx, err)
		}
	}
	if fn.script == nil {
		// Without waiting for a turn: the run that asks has one.
		fn.script, err = h.parsed(fn.Function, func(source string) (*script.Script, error) { return h.read(ctx, fn.OrganizationID, source) })
	}
	return fn.script, err
}

// saved gives a saved function as this run has it.
func (h *host) saved(ctx context.Context, name string) (*found, error) {
	key := strings.ToLower(name)
	if fn, ok := h.functions[key]; ok {
		return fn, nil
	}
	fn, err := h.find(ctx, h.caller.Organization, name)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return &found{}, lanyard.Errorf(lanyard.CodeNotFound, "There is no saved function %s here.", name)
	}
	if err != nil {
		return nil, err
	}
	if h.functions == nil {
		h.functions = map[string]*found{}
	}
	h.functions[key] = &found{Function: fn}
	return h.functions[key], nil
}

// fence is what bounds the calls that stand in a saved function, or with no name in the script of the run itself; nil
// where nothing does but the rights of its caller.
func (h *host) fence(ctx context.Context, function string) (*lanyard.Fence, error) {
	extension := h.extension
	if function != "" {
		fn, ok := h.functions[strings.ToLower(function)]
		if !ok {
			return nil, fmt.Errorf("a call stands in the function %s, which the run has not called", function)
		}
		extension = fn.Extension
	}
	if extension == "" {
		return nil, nil //nolint:nilnil // most scripts have none
	}
	var fence *lanyard.Fence
	var err error
	h.waiting(ctx, func() { fence, err = h.Services.Fence(ctx, h.caller.Organization, extension) })
	return fence, err
}
