package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/function"
	"lanyard/internal/problem"
)

// scriptSettingsPage is what a function has besides its script: its name, when it runs by itself, its address.
type scriptSettingsPage struct {
	frame
	form
	scriptHead
	May    bool // the visitor may change them
	Edits  bool // and delete the function
	Action string
	Name   field
	Cron   field
	Zone   field
	Next   nextRuns
	Hook   string // where the form goes that makes an address
	Remove string // the page that asks before it ends
	Again  string // the page that asks before another one takes its place
	Delete string
}

func (scriptSettingsPage) template() string { return "script_settings" }

// nextRuns says when a schedule is due.
type nextRuns struct {
	Words string   // of the schedule; empty: it never is
	Times []string // on the clock of the schedule's zone
	Error string
}

const shownNextRuns = 3

// newNextRuns works out what a schedule that may just be typed comes to.
func newNextRuns(schedule lanyard.Schedule, now time.Time) nextRuns {
	if schedule.Cron == "" {
		return nextRuns{}
	}
	times, err := function.NextRuns(schedule, now, shownNextRuns)
	if err != nil {
		return nextRuns{Error: sentence(err.Error())}
	}
	n := nextRuns{Words: scheduleWords(schedule)}
	zone, err := time.LoadLocation(schedule.Zone)
	if err != nil {
		zone = time.UTC // which cannot be: there were times in it
	}
	for _, at := range times {
		n.Times = append(n.Times, at.In(zone).Format("Monday, 2 January 2006, 15:04 MST"))
	}
	return n
}

// settingsInput is what stands in the form.
type settingsInput struct {
	Name     string
	Schedule lanyard.Schedule
}

func newScriptSettingsPage(v visitor, f *lanyard.Function, in settingsInput, d *problem.Document, now time.Time) scriptSettingsPage {
	p := scriptSettingsPage{frame: newShellFrame(v, "Settings of "+f.Name, "/scripts"), form: newForm(d, "The settings are as they were"), scriptHead: newScriptHead(f, "Settings"),
		May: mayScheduleFunction(v, f), Edits: mayEditFunction(v, f), Action: scriptPath(f.LinkName, "settings"), Hook: scriptPath(f.LinkName, "hook"), Remove: scriptPath(f.LinkName, "hook", "remove"),
		Again: scriptPath(f.LinkName, "hook"), Delete: scriptPath(f.LinkName, "delete")}
	if d != nil {
		p.Title = "Error: " + p.Title
	}
	p.Name = p.field(field{ID: "name", Name: "name", Label: "Name", Value: in.Name}, "/name")
	p.Cron = p.field(field{ID: "cron", Name: "cron", Label: "When", Value: in.Schedule.Cron, Optional: true, Mono: true, Placeholder: "0 9 * * 1-5",
		Help: "Five fields: minute, hour, day of the month, month, day of the week. Left empty, it does not run by itself."}, "/schedule/cron")
	p.Zone = p.field(field{ID: "zone", Name: "zone", Label: "Time zone", Value: in.Schedule.Zone, Optional: true, Mono: true, Placeholder: "UTC", Help: "Such as Europe/Vienna or Asia/Kolkata. Left empty, it is UTC."}, "/schedule/zone")
	p.rest()
	if p.Cron.Error == "" && p.Zone.Error == "" {
		p.Next = newNextRuns(in.Schedule, now)
	}
	return p
}

// scriptSettings shows the settings. With a schedule in the address it says when that one would be due.
func (s *site) scriptSettings(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	in := settingsInput{Name: f.Name, Schedule: f.Schedule}
	if q := r.URL.Query(); q.Has("cron") {
		in.Schedule = lanyard.Schedule{Cron: strings.TrimSpace(q.Get("cron")), Zone: strings.TrimSpace(q.Get("zone"))}
	}
	return s.write(w, http.StatusOK, newScriptSettingsPage(v, f, in, nil, time.Now()))
}

func (s *site) setScriptSettings(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	text := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	in := settingsInput{Name: text("name"), Schedule: lanyard.Schedule{Cron: text("cron"), Zone: text("zone")}}
	saved, err := s.functions.Edit(r.Context(), v.caller, string(f.LinkName), function.Edit{Name: &in.Name, Schedule: &in.Schedule})
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newScriptSettingsPage(v, f, in, d, time.Now()))
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "The settings of "+saved.Name+" were saved", ""))
	http.Redirect(w, r, scriptPath(f.LinkName, "settings"), http.StatusSeeOther)
	return nil
}

// hookPage shows the address of a function, this once.
type hookPage struct {
	frame
	scriptHead
	URL  command
	Curl command
	Back string
}

func (hookPage) template() string { return "script_hook" }

func newHookPage(v visitor, f *lanyard.Function, address string, checked *function.Checked) hookPage {
	body := map[string]string{}
	for _, q := range checked.Parameters {
		if q.Name != "request" {
			body[q.Name] = "…"
		}
	}
	line := "curl -X POST " + shellWord(address)
	if len(body) > 0 {
		line += " \\\n  -H \"Content-Type: application/json\" \\\n  -d " + shellWord(jsonText(body))
	}
	return hookPage{frame: newShellFrame(v, "The address of "+f.Name, "/scripts"), scriptHead: newScriptHead(f, "Settings"),
		URL: newCommand("hook-url", "Address", address), Curl: newCommand("hook-curl", "With curl", line), Back: scriptPath(f.LinkName, "settings")}
}

// makeHook gives a function an address; one that it had ends.
func (s *site) makeHook(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	address, err := s.functions.NewHook(r.Context(), v.caller, string(f.LinkName))
	if err != nil {
		return err
	}
	checked, err := s.functions.Check(r.Context(), v.caller, f.Script)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newHookPage(v, f, address.Reveal(), checked))
}

func newReplaceHookPage(v visitor, f *lanyard.Function) endConnectionPage {
	return endConnectionPage{frame: newShellFrame(v, "Another address for "+f.Name, "/scripts"), Icon: "link", Heading: "Make another address for", Name: f.Name, Button: "Make another address",
		Action: scriptPath(f.LinkName, "hook"), Back: scriptPath(f.LinkName, "settings"),
		Lost: []string{"The address of today ends at once: whatever calls it is answered 404 until it has the new one."}}
}

func newRemoveHookPage(v visitor, f *lanyard.Function) endConnectionPage {
	return endConnectionPage{frame: newShellFrame(v, "Remove the address of "+f.Name, "/scripts"), Icon: "link", Heading: "Remove the address of", Name: f.Name, Button: "Remove the address",
		Action: scriptPath(f.LinkName, "hook", "remove"), Back: scriptPath(f.LinkName, "settings"),
		Lost: []string{"Whatever calls the address is answered 404 from now on. It cannot be brought back: a new one is another one.", "The function itself stays, with its runs."}}
}

func newDeleteScriptPage(v visitor, f *lanyard.Function) endConnectionPage {
	p := endConnectionPage{frame: newShellFrame(v, "Delete "+f.Name, "/scripts"), Icon: "trash-2", Heading: "Delete", Name: f.Name, Button: "Delete",
		Action: scriptPath(f.LinkName, "delete"), Back: scriptPath(f.LinkName, "settings")}
	p.Lost = append(p.Lost, fmt.Sprintf("The script is gone for good, with all its versions and the record of its runs. Scripts that call thisapp.%s fail.", f.LinkName))
	if f.Schedule.Cron != "" {
		p.Lost = append(p.Lost, "It does not run on its schedule any more: "+scheduleWords(f.Schedule)+".")
	}
	if f.HookSet {
		p.Lost = append(p.Lost, "Its address ends: whatever calls it is answered 404.")
	}
	if len(f.Connections) > 0 {
		p.Lost = append(p.Lost, "The connections that it uses stay.")
	}
	return p
}

// askAbout asks whoever may end something of a function before it ends.
func (s *site) askAbout(newPage func(visitor, *lanyard.Function) endConnectionPage, may func(*lanyard.Caller, *lanyard.Function) error) func(http.ResponseWriter, *http.Request, visitor) error {
	return func(w http.ResponseWriter, r *http.Request, v visitor) error {
		f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
		if err != nil {
			return err
		}
		if err := may(v.caller, f); err != nil {
			return err
		}
		return s.write(w, http.StatusOK, newPage(v, f))
	}
}

func (s *site) removeHook(w http.ResponseWriter, r *http.Request, v visitor) error {
	name := r.PathValue("function")
	if err := s.functions.RemoveHook(r.Context(), v.caller, name); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "The address was removed", ""))
	http.Redirect(w, r, scriptPath(lanyard.LinkName(name), "settings"), http.StatusSeeOther)
	return nil
}

func (s *site) deleteScript(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	if err := s.functions.Delete(r.Context(), v.caller, string(f.LinkName)); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", f.Name+" was deleted", ""))
	http.Redirect(w, r, "/scripts", http.StatusSeeOther)
	return nil
}
