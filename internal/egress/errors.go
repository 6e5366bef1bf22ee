package egress

import (
	"context"
	"errors"
	"fmt"
	"os"

	"lanyard"
)

// The sentences of this package. None says which address a name has, and a closed port, a missing host and a silent
// one are told in the same words, so that nobody can map a network by reading them. The difference is in the Cause.

func refused(host string, cause error) error {
	return lanyard.Errorf(lanyard.CodeAddressNotAllowed, "Lanyard does not call %s: its address is not one that may be "+
		"called from here. The operator can open a network with --allow-network.", host).With(cause)
}

func refusedPlain(host string) error {
	return lanyard.Errorf(lanyard.CodeAddressNotAllowed, "Lanyard does not call %s over http: a credential would cross "+
		"the network unencrypted. Use https, or let the operator open the host's network with --allow-network.", host)
}

func unreachable(host string, cause error) error {
	return lanyard.Errorf(lanyard.CodeUpstreamUnreachable,
		"%s could not be reached, or did not answer as a web server does.", host).With(cause)
}

func invalid(format string, args ...any) error {
	return lanyard.Errorf(lanyard.CodeInvalidRequest, format, args...)
}

// cancelled tells a caller who went away that this is why the call ended. It is no lanyard.Error: nobody reads it.
func cancelled(host string) error { return fmt.Errorf("call %s: %w", host, context.Canceled) }

// dialFailure is what to say when there is no connection. A time-out here is not told apart: a filtered port must look
// like a closed one.
func dialFailure(ctx context.Context, host string, cause error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return cancelled(host)
	}
	return unreachable(host, cause)
}

// failure is what to say when an established connection fails.
func failure(ctx context.Context, host string, cause error) error {
	switch err := ctx.Err(); {
	case errors.Is(err, context.Canceled):
		return cancelled(host)
	case err != nil:
		cause = err
	case !errors.Is(cause, os.ErrDeadlineExceeded): // which only the header time-out produces
		return unreachable(host, cause)
	}
	return lanyard.Errorf(lanyard.CodeUpstreamTimeout, "%s did not answer in time.", host).With(cause)
}
