package web

import (
	"fmt"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/function"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

const inventedSource = `map daily_report(string customer, int most)
{
	// {domain} is filled from the connection
	response = invokeurl
	[
		url: "https://{domain}.my.acme.example/v2/orders"
		type: GET
		parameters: {"customer": customer, "limit": most}
		connection: "acme_crm"
	];
	for each order in response.get("orders")
	{
		info "Order " + order.get("id") + ": " + order.get("total").round(2);
	}
	return response;
}
`

func inventedFunction() *lanyard.Function {
	return &lanyard.Function{
		ID: "fun_1", OrganizationID: "org_zylker", LinkName: "daily_report", Name: "Daily report", Author: "usr_priya", Version: 4, Script: inventedSource, SavedBy: dana,
		Schedule: lanyard.Schedule{Cron: "0 9 * * 1-5", Zone: "Europe/Vienna"}, NextRunAt: inventedNow().Add(21 * time.Hour), HookSet: true,
		Signature:   lanyard.Signature{Parameters: []lanyard.ScriptParameter{{Name: "customer", Type: "string"}, {Name: "most", Type: "int"}}, Returns: "map"},
		Connections: []lanyard.LinkName{"acme_crm"}, CreatedAt: inventedNow().Add(-40 * 24 * time.Hour), UpdatedAt: inventedNow().Add(-26 * time.Hour),
	}
}

func inventedChecked() *function.Checked {
	f := inventedFunction()
	return &function.Checked{Signature: f.Signature, Declared: true, Connections: f.Connections}
}

func inventedReport() *lanyard.RunReport {
	return &lanyard.RunReport{
		Output: []string{"Order 1001: 19.9", "Order 1002: 250", "Order 1003: 7.25"}, Result: []byte(`{"orders":[{"id":1001,"total":19.9},{"id":1002,"total":250},{"id":1003,"total":7.25}],"more":false}`),
		Calls: []lanyard.RunCall{
			{Line: 4, Name: "invokeurl", Connection: "acme_crm", Method: "GET", Host: "zylker.my.acme.example", Path: "/v2/orders", Status: 200, StartedMS: 2, DurationMS: 340},
			{Line: 11, Name: "slack.postMessage", Connection: "slack_connection", Method: "POST", Host: "slack.com", Path: "/api/chat.postMessage", Status: 429, StartedMS: 350, DurationMS: 120},
			{Line: 12, Name: "invokeurl", Method: "GET", Host: "status.acme.example", Path: "/" + strings.Repeat("a-long-segment/", 6), Code: lanyard.CodeUpstreamTimeout, StartedMS: 480, DurationMS: 510},
		},
	}
}

func inventedRuns() []lanyard.FunctionRun {
	run := func(id string, cause lanyard.RunCause, status lanyard.RunStatus, ago, took time.Duration) lanyard.FunctionRun {
		return lanyard.FunctionRun{ID: lanyard.RunID(id), OrganizationID: "org_zylker", FunctionID: "fun_1", Function: "daily_report", Version: 4, Cause: cause, User: dana, Status: status,
			StartedAt: inventedNow().Add(-ago), Duration: took, Statements: 11, Report: *inventedReport()}
	}
	failed := run("run_2", lanyard.CauseSchedule, lanyard.RunFailed, 26*time.Hour, 1200*time.Millisecond)
	failed.Report.Result, failed.Report.Cut = nil, true
	failed.Report.Error = &lanyard.RunError{Message: "The connection acme_crm has to be connected again.", Line: 4, Column: 13, Code: lanyard.CodeReconnectRequired, ConnectURL: inventedURL + "/connect/INVENTEDTOKEN"}
	return []lanyard.FunctionRun{
		run("run_4", lanyard.CausePage, lanyard.RunRunning, 10*time.Second, 0), run("run_3", lanyard.CauseHook, lanyard.RunOK, 3*time.Hour, 990*time.Millisecond), failed,
		run("run_1", lanyard.CauseAPI, lanyard.RunCut, 50*time.Hour, 0),
	}
}

func inventedVersions() []lanyard.FunctionVersion {
	before := strings.Replace(inventedSource, "\t\tparameters: {\"customer\": customer, \"limit\": most}\n", "", 1)
	before = strings.Replace(before, ".round(2)", "", 1)
	var list []lanyard.FunctionVersion
	for n := range int64(4) {
		list = append(list, lanyard.FunctionVersion{Version: 4 - n, Script: before, SavedBy: dana, SavedAt: inventedNow().Add(-time.Duration(26+40*n) * time.Hour)})
	}
	list[0].Script, list[1].SavedBy = inventedSource, "usr_priya"
	return list
}

func scriptsStates() []state {
	v, f, checked, names := visiting(), inventedFunction(), inventedChecked(), inventedNames()
	member := visiting()
	someone := *member.user
	someone.ID, someone.Role = "usr_other", lanyard.RoleMember
	asking := *member.caller
	asking.User, asking.KeyOwner, asking.Role = someone.ID, someone.ID, someone.Role
	member.user, member.caller = &someone, &asking
	plain := &lanyard.Function{ID: "fun_2", LinkName: "a", Name: "Sync", Author: dana, SavedBy: dana, Version: 1, Script: "info 1;\n"}
	long := &lanyard.Function{ID: "fun_3", LinkName: lanyard.LinkName(strings.Repeat("long_name_", 4) + "fifty"), Name: longName, Author: dana, SavedBy: dana, Version: 12, Schedule: lanyard.Schedule{Cron: "5,35 8-18/2 1-7 JAN-JUN *"}}
	for i := range 7 {
		long.Connections = append(long.Connections, lanyard.LinkName(fmt.Sprintf("connection_with_a_long_name_%d", i)))
	}
	runs := inventedRuns()
	last := map[lanyard.FunctionID]lanyard.FunctionRun{"fun_1": runs[2], "fun_3": runs[1]}
	stands := scriptInput{Source: f.Script, Version: 4, Arguments: map[string]string{"customer": "zylker", "most": "10"}}
	editor := func(v visitor, f *lanyard.Function, in scriptInput, checked *function.Checked, err error) scriptPage {
		var d *problem.Document
		if err != nil {
			d = problem.Of(err, "")
		}
		p := newScriptPage(v, f, in, checked, d)
		p.SavedBy = "a colleague"
		return p
	}
	outcome := func(p scriptPage, run *lanyard.FunctionRun, note string) scriptPage {
		p.Outcome = newOutcomePart(&run.Report, run.Status, run.Statements, run.Duration, inventedURL)
		p.Outcome.Note = note
		if note == "" {
			p.Outcome.Path = scriptPath("daily_report", "runs", string(run.ID))
		}
		return p
	}
	wrong := scriptInput{Name: "Daily report", LinkName: "daily_report", Source: "info \"a\"\ntoken = \"sk_live_invented\";\ninfo lengthy(token);\n", Rows: []argumentRow{{Name: "customer", Value: "zylker"}}}
	problems := &function.Checked{Problems: []lanyard.ScriptProblem{{Line: 2, Column: 1, Message: "Improper Statement Error might be due to missing ';' at end of the line"}, {Line: 3, Column: 6, Message: "Not able to find 'lengthy' function: is length meant?"}},
		Warnings: []lanyard.ScriptProblem{{Line: 2, Column: 9, Message: "This looks like a secret. Everybody in the organization can read scripts: put it into a connection."}}}
	faults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The request is not valid; nothing was changed.", Fields: []lanyard.FieldError{{Pointer: "/link_name", Detail: "this link name is taken"}, {Pointer: "/script", Detail: "line 2, column 1: …"}}}
	moved := lanyard.Errorf(lanyard.CodeConflict, "Version 5 of the function daily_report was saved meanwhile: read it again. Nothing was changed.")
	typed := stands
	typed.Source = strings.Replace(f.Script, "GET", "POST", 1)
	warned := *checked
	warned.Warnings = []lanyard.ScriptProblem{{Line: 6, Column: 8, Message: problems.Warnings[0].Message}}
	refused := editor(v, f, stands, checked, nil)
	refused.Outcome = &outcomePart{form: newForm(problem.Of(lanyard.Errorf(lanyard.CodeRateLimited, "Too many scripts run at once. Try again in a moment."), ""), "It was not run")}
	silent := lanyard.FunctionRun{Status: lanyard.RunOK, Duration: 400 * time.Microsecond}
	schedule := settingsInput{Name: f.Name, Schedule: f.Schedule}
	unscheduled := *f
	unscheduled.Schedule, unscheduled.HookSet = lanyard.Schedule{}, false
	badSchedule := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/schedule/cron", Detail: "the hour is *, or made of 0 to 23"}}}
	versions := inventedVersions()
	return []state{
		{"scripts", 200, newScriptsPage(v, "", "", []lanyard.Function{*f, *plain, *long}, last, "next")},
		{"scripts-none", 200, newScriptsPage(v, "", "", nil, nil, "")},
		{"scripts-no-match", 200, newScriptsPage(v, "zzz", "", nil, nil, "")},
		{"script-new", 200, editor(v, nil, scriptInput{Source: newSource}, &function.Checked{Declared: true}, nil)},
		{"script-new-faults", 400, editor(v, nil, wrong, problems, faults)},
		{"script", 200, editor(v, f, stands, checked, nil)},
		{"script-warned", 200, editor(v, f, stands, &warned, nil)},
		{"script-not-mine", 200, editor(member, f, stands, checked, nil)},
		{"script-moved", 409, editor(v, f, typed, checked, moved)},
		{"script-ran", 200, outcome(editor(v, f, stands, checked, nil), &runs[1], "")},
		{"script-failed", 200, outcome(editor(v, f, typed, checked, nil), &runs[2], "This ran what stands in the editor, which is not saved. Only runs of the saved version are kept.")},
		{"script-silent", 200, outcome(editor(v, f, stands, checked, nil), &silent, "")},
		{"script-refused", 429, refused},
		{"script-versions", 200, newVersionsPage(v, f, versions, names, "", "")},
		{"script-version", 200, newVersionPage(v, f, &versions[1], nil, names, versions)},
		{"script-version-compared", 200, newVersionPage(v, f, &versions[0], &versions[1], names, versions)},
		{"script-version-same", 200, newVersionPage(v, f, &versions[2], &versions[1], names, versions)},
		{"script-runs", 200, newRunsPage(v, f, runs, names, "", "next")},
		{"script-runs-none", 200, newRunsPage(member, f, nil, store.Names{}, "", "")},
		{"script-run", 200, newRunPage(v, f, &runs[2], names, inventedURL)},
		{"script-settings", 200, newScriptSettingsPage(v, f, schedule, nil, inventedNow())},
		{"script-settings-none", 200, newScriptSettingsPage(v, &unscheduled, settingsInput{Name: f.Name}, nil, inventedNow())},
		{"script-settings-faults", 400, newScriptSettingsPage(v, f, settingsInput{Name: f.Name, Schedule: lanyard.Schedule{Cron: "0 25 * * *"}}, problem.Of(badSchedule, ""), inventedNow())},
		{"script-settings-not-mine", 200, newScriptSettingsPage(member, f, schedule, nil, inventedNow())},
		{"script-hook", 200, newHookPage(v, f, inventedURL+"/hooks/INVENTEDTOKENINVENTEDTOKEN", checked)},
		{"script-hook-another", 200, newReplaceHookPage(v, f)},
		{"script-hook-remove", 200, newRemoveHookPage(v, f)},
		{"script-delete", 200, newDeleteScriptPage(v, f)},
	}
}
