// Package function runs scripts for their callers: what the language calls the world outside is the invoke path here,
// with the caller's own rights. It keeps functions, which are saved scripts with their versions, and runs them by name,
// by their address and on a schedule.
//
//	run.go        a script, run for a caller
//	turn.go       how many run at once
//	host.go       what a script reaches: invokeurl, tasks, who is asking
//	invokeurl.go  the attributes of invokeurl as a request, the answer as a value
//	task.go       an integration task as a request
//	saved.go      functions: made, edited, run by name, listed
//	schedule.go   functions that run by themselves
//	hook.go       functions that run by their address
package function

import (
	"log/slog"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/registry"
	"lanyard/internal/script"
	"lanyard/internal/store"
)

// Config is what [New] needs.
type Config struct {
	Invoker  *invoke.Invoker
	Registry *registry.Registry
	Services *registry.Directory
	Store    *store.Store
	Logger   *slog.Logger
	// Limits bound each run. Zero fields take their defaults.
	Limits script.Limits
}

// Functions is safe for concurrent use.
type Functions struct {
	Config
	running running
	turns   chan struct{}
}

// New makes a Functions.
func New(c Config) *Functions {
	return &Functions{Config: c, running: running{of: map[lanyard.OrganizationID]int{}}, turns: newTurns()}
}
