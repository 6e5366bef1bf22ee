// Package function runs scripts for their callers: what the language calls the world outside is the invoke path here,
// with the caller's own rights. It keeps functions, which are saved scripts with their versions, and runs them by name,
// by their address and on a schedule.
//
//	run.go        a script, run for a caller
//	read.go       a script, parsed and judged by what the catalogue knows
//	fence.go      what the scripts of extensions may reach
//	turn.go       how many run at once
//	host.go       what a script reaches: invokeurl, tasks, who is asking
//	invokeurl.go  the attributes of invokeurl as a request, the answer as a value
//	task.go       an integration task as a request
//	saved.go      functions: made, edited, listed
//	runs.go       functions run by name, and the records of it
//	brought.go    functions that an extension brings
//	warning.go    what looks like a secret in a script
//	schedule.go   functions that run by themselves
//	hook.go       functions that run by their address
package function

import (
	"log/slog"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

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
	// PublicURL is where this Lanyard is reached, without a final slash.
	PublicURL string
	// SchedulesEvery is the time between two looks for functions that are due; five seconds when zero.
	SchedulesEvery time.Duration
}

// Functions is safe for concurrent use.
type Functions struct {
	Config
	running running
	turns   chan struct{}
	saved   *otter.Cache[version, *script.Script]           // saved scripts, parsed
	hooks   *otter.Cache[lanyard.FunctionID, *rate.Limiter] // how often each address may be called
}

// New makes a Functions.
func New(c Config) *Functions {
	if c.SchedulesEvery == 0 {
		c.SchedulesEvery = 5 * time.Second
	}
	return &Functions{
		Config: c, running: running{of: map[lanyard.OrganizationID]int{}}, turns: newTurns(),
		saved: otter.Must(&otter.Options[version, *script.Script]{
			MaximumWeight: maxSaved, Weigher: func(v version, _ *script.Script) uint32 { return uint32(v.bytes) },
		}),
		hooks: otter.Must(&otter.Options[lanyard.FunctionID, *rate.Limiter]{MaximumSize: maxHookLimits}),
	}
}
