package lanyard

import (
	"fmt"
	"time"
)

// Function is a saved script: everybody in the organization can read and run it, whoever saved it last is who it acts as
// where nobody asks.
type Function struct {
	ID             FunctionID
	OrganizationID OrganizationID
	LinkName       LinkName // scripts call it by thisapp.<link name>, in any case
	Name           string
	Author         UserID // who made it
	// Version counts from 1: one more with every change of the script.
	Version int64
	Script  string // of the current version
	// Extension is the one that it came with; empty: it was saved by hand.
	Extension     ExtensionID
	ExtensionName LinkName // of that one
	// SavedBy is who saved the current version; runs that nobody asks for, on a schedule or by its address, act as that
	// user, with no login user.
	SavedBy  UserID
	Schedule Schedule
	// NextRunAt is when the schedule is due; zero without one.
	NextRunAt time.Time
	// HookSet: it has an address of its own, whose token is not known any more.
	HookSet bool
	// Signature is what the current version takes and gives.
	Signature Signature
	// Connections are the link names that stand in the script.
	Connections []LinkName
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Signature is what a script takes and gives.
type Signature struct {
	Parameters []ScriptParameter `json:"parameters"`
	Returns    string            `json:"returns"` // the type of the result; empty where the header is missing
}

// ScriptParameter is one that a script takes.
type ScriptParameter struct {
	Name string `json:"name"`
	Type string `json:"type"` // empty where any will do
}

// Schedule is when a function runs by itself.
type Schedule struct {
	Cron string `json:"cron"` // five fields: minute, hour, day of the month, month, day of the week; empty: never
	Zone string `json:"zone"` // IANA name; UTC when empty
}

// FunctionVersion is a script as it was saved once.
type FunctionVersion struct {
	Version int64
	Script  string
	SavedBy UserID
	SavedAt time.Time
}

// RunCause says what started a run.
type RunCause string

const (
	CauseAPI      RunCause = "api"
	CausePage     RunCause = "page"
	CauseSchedule RunCause = "schedule"
	CauseHook     RunCause = "hook"
)

// RunStatus is where a run of a function stands.
type RunStatus string

const (
	RunRunning RunStatus = "running"
	RunOK      RunStatus = "ok"
	RunFailed  RunStatus = "failed"
	RunCut     RunStatus = "cut" // the server stopped before it ended
)

// FunctionRun records a run of a saved function.
type FunctionRun struct {
	ID             RunID
	OrganizationID OrganizationID
	FunctionID     FunctionID
	Function       LinkName
	Version        int64
	Cause          RunCause
	User           UserID // the acting user
	Key            APIKeyID
	Status         RunStatus
	StartedAt      time.Time
	// Deadline is when it has ended at the latest: what still runs later was cut.
	Deadline   time.Time
	Duration   time.Duration
	Statements int
	Report     RunReport
}

// RunReport is what a run of a script came to. In the store it is sealed.
type RunReport struct {
	Output []string `json:"output"`
	Cut    bool     `json:"output_cut,omitempty"` // there was more output than is kept
	Result []byte   `json:"result,omitempty"`     // JSON
	// ResultCut: there was a result, too large for the record.
	ResultCut bool      `json:"result_cut,omitempty"`
	Error     *RunError `json:"error,omitempty"`
	Calls     []RunCall `json:"calls,omitempty"`
}

// RunError is what ended a script.
type RunError struct {
	Message string `json:"message" doc:"What happened"`
	Line    int    `json:"line" doc:"Where, from 1"`
	Column  int    `json:"column,omitempty" doc:"From 1, in characters"`
	// Code is Lanyard's own error behind it, such as authorization_required; empty for one of the script.
	Code       Code   `json:"code,omitempty" doc:"The error behind it, where a call was refused: authorization_required, host_not_allowed and so on"`
	ConnectURL string `json:"connect_url,omitempty" doc:"The page where a person has to connect"`
	// Problems are all that is wrong with a script that could not be read.
	Problems []ScriptProblem `json:"problems,omitempty" doc:"All that is wrong with a script that cannot be read"`
}

// ScriptProblem is one thing that is wrong with a script.
type ScriptProblem struct {
	Line    int    `json:"line" doc:"From 1"`
	Column  int    `json:"column" doc:"From 1, in characters"`
	Message string `json:"message" doc:"What is wrong, and what was expected"`
}

// RunCall is a call that a script made.
type RunCall struct {
	Line       int      `json:"line" doc:"Of the script"`
	Name       string   `json:"name" doc:"invokeurl, or the integration task"`
	Connection LinkName `json:"connection,omitempty" doc:"The link name of the connection"`
	Method     string   `json:"method,omitempty" doc:"The HTTP method"`
	Host       string   `json:"host,omitempty" doc:"The host that was called"`
	Path       string   `json:"path,omitempty" doc:"The path, without the query"`
	Status     int      `json:"status,omitempty" doc:"The status that the service answered with; absent when it did not answer"`
	Code       Code     `json:"code,omitempty" doc:"Lanyard's own error; absent when the service answered"`
	StartedMS  int64    `json:"started_ms" doc:"When it began, in milliseconds after the beginning of the run"`
	DurationMS int64    `json:"duration_ms" doc:"How long it took, in milliseconds"`
}

// MaxScript bounds the source of a script, in bytes.
const MaxScript = 512 << 10

// CheckScript checks the size of a script's source.
func CheckScript(source string) error {
	if len(source) > MaxScript {
		return fmt.Errorf("a script has at most 512 KiB")
	}
	return nil
}
