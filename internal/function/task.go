package function

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/script"
)

// arguments are those of a task's call, by the names of its parameters.
type arguments struct {
	task   *lanyard.Task
	values map[string]script.Value
	// connection is the last argument; empty where it was left out.
	connection string
	room       room
}

// bind gives the arguments of a call their names. A text behind the last parameter is the connection; where optional
// parameters were left out, the connection cannot be given, since it would stand in their place.
func bind(t *lanyard.Task, args []script.Value) (*arguments, error) {
	a := &arguments{task: t, values: map[string]script.Value{}, room: maxSent}
	if n := len(t.Parameters); len(args) > n+1 || len(args) < t.Required() {
		return nil, fmt.Errorf("No. of arguments mismatches for the function %s: %s", t.Name, t.Usage()) //nolint:staticcheck // as the language says it
	}
	if len(args) == len(t.Parameters)+1 {
		link, ok := args[len(t.Parameters)].AsText()
		if !ok && args[len(t.Parameters)].Kind() != script.KindNull {
			return nil, fmt.Errorf("the last argument of %s is the link name of a connection, a TEXT, and this is a %s", t.Name, args[len(t.Parameters)].Kind())
		}
		a.connection, args = link, args[:len(t.Parameters)]
	}
	for i, p := range t.Parameters {
		v := script.Value{}
		if i < len(args) {
			v = args[i]
		}
		if p.Optional && leftOut(v) {
			v = script.Value{}
			if len(p.Default) > 0 {
				var err error
				if v, err = script.FromJSON(p.Default); err != nil {
					return nil, err
				}
			}
		}
		if v.Kind() == script.KindNull {
			if !p.Optional {
				return nil, fmt.Errorf("%s of %s is null", p.Name, t.Name)
			}
			continue
		}
		v, err := fitting(&p, v)
		if err != nil {
			return nil, fmt.Errorf("Argument type mismatches for the function %s at index %d: %w", t.Name, i, err) //nolint:staticcheck // as the language says it
		}
		a.values[p.Name] = v
	}
	return a, nil
}

// leftOut: an empty text or map stands for an argument that is not given.
func leftOut(v script.Value) bool {
	if s, ok := v.AsText(); ok {
		return s == ""
	}
	if m, ok := v.AsMap(); ok {
		return m.Len() == 0
	}
	return v.Kind() == script.KindNull
}

// fitting is a value as the parameter takes it.
func fitting(p *lanyard.TaskParameter, v script.Value) (script.Value, error) {
	ok := true
	switch p.Type {
	case lanyard.TypeText:
		switch v.Kind() {
		case script.KindText:
		case script.KindNumber, script.KindDecimal, script.KindDate:
			v = script.Text(v.String())
		default:
			ok = false
		}
		if s, _ := v.AsText(); ok && len(p.Choices) > 0 {
			i := slices.IndexFunc(p.Choices, func(c string) bool { return strings.EqualFold(c, s) })
			if i < 0 {
				return v, fmt.Errorf("%s is one of %s, not %q", p.Name, strings.Join(p.Choices, ", "), s)
			}
			v = script.Text(p.Choices[i])
		}
	case lanyard.TypeNumber:
		if s, isText := v.AsText(); isText {
			n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
			v, ok = script.Number(n), err == nil
		} else {
			ok = v.Kind() == script.KindNumber || v.Kind() == script.KindDecimal
		}
	case lanyard.TypeBool:
		_, ok = v.AsBool()
	case lanyard.TypeMap:
		_, ok = v.AsMap()
	case lanyard.TypeList:
		_, ok = v.AsList()
	case lanyard.TypeFile:
		_, ok = v.AsFile()
	}
	if !ok {
		return v, fmt.Errorf("%s is a %s, and this is a %s", p.Name, p.Type, v.Kind())
	}
	return v, nil
}

// request fills the templates of the task.
func (a *arguments) request() (*invoke.Request, error) {
	t := a.task
	r := &invoke.Request{Type: t.Method}
	var err error
	if r.URL, err = t.FillURL(a.text); err != nil {
		return nil, err
	}
	if len(t.Query) > 0 {
		if err := a.query(r, t.Query); err != nil {
			return nil, err
		}
	}
	for name, text := range t.Headers {
		if p := t.Hole(text); p != nil {
			if _, given := a.values[p.Name]; !given {
				continue
			}
		}
		if r.Headers == nil {
			r.Headers = map[string]string{}
		}
		r.Headers[name] = t.FillText(text, a.text)
	}
	return r, a.body(r)
}

func (a *arguments) body(r *invoke.Request) error {
	t := a.task
	switch {
	case len(t.Body) > 0:
		v, _, err := a.fill(t.Body)
		if err != nil {
			return err
		}
		text, err := a.room.json(v)
		r.ContentType, r.Body = jsonType, invoke.TextContent(text)
		return err
	case len(t.Form) > 0:
		v, _, err := a.fill(t.Form)
		if err != nil {
			return err
		}
		m, _ := v.AsMap()
		text, err := a.room.form(m)
		r.ContentType, r.Body = formType, invoke.TextContent(text)
		return err
	case len(t.Multipart) > 0:
		v, _, err := a.fill(t.Multipart)
		if err != nil {
			return err
		}
		m, _ := v.AsMap()
		for name, value := range m.All() {
			p, err := a.room.part(name.String(), value)
			if err != nil {
				return err
			}
			r.Files = append(r.Files, p)
		}
		return nil
	case t.Raw != "":
		v := script.Value{}
		if p := t.Hole(t.Raw); p != nil {
			v = a.values[p.Name]
		} else {
			v = script.Text(t.FillText(t.Raw, a.text))
		}
		if f, ok := v.AsFile(); ok {
			r.Raw, r.ContentType = append([]byte{}, f.Content...), f.Type
		} else {
			text, err := a.room.text(v)
			r.Body = invoke.TextContent(text)
			return err
		}
	}
	return nil
}

// query adds what the template says, in the order in which it says it.
func (a *arguments) query(r *invoke.Request, template json.RawMessage) error {
	v, _, err := a.fill(template)
	if err != nil {
		return err
	}
	m, _ := v.AsMap()
	text, err := a.room.form(m)
	if err != nil || text == "" {
		return err
	}
	sign := "?"
	if strings.Contains(r.URL, "?") {
		sign = "&"
	}
	r.URL += sign + text
	return nil
}

// text is an argument as it stands in a text.
func (a *arguments) text(name string) (string, bool) {
	v, ok := a.values[name]
	return v.String(), ok
}

// fill is a template with the arguments in it; false where it is a placeholder of one that was not given.
func (a *arguments) fill(template json.RawMessage) (script.Value, bool, error) {
	template = bytes.TrimSpace(template)
	switch {
	case len(template) > 0 && template[0] == '{':
		return a.fillObject(template)
	case len(template) > 0 && template[0] == '[':
		var items []json.RawMessage
		if err := json.Unmarshal(template, &items); err != nil {
			return script.Value{}, false, err
		}
		var filled []script.Value
		for _, item := range items {
			v, given, err := a.fill(item)
			if err != nil {
				return script.Value{}, false, err
			}
			if given {
				filled = append(filled, v)
			}
		}
		return script.NewList(filled...), true, nil
	case len(template) > 0 && template[0] == '"':
		var text string
		if err := json.Unmarshal(template, &text); err != nil {
			return script.Value{}, false, err
		}
		if p := a.task.Hole(text); p != nil {
			v, given := a.values[p.Name]
			return v, given, nil
		}
		return script.Text(a.task.FillText(text, a.text)), true, nil
	}
	v, err := script.FromJSON(template)
	return v, true, err
}

func (a *arguments) fillObject(template json.RawMessage) (script.Value, bool, error) {
	object := script.NewMap()
	m, _ := object.AsMap()
	d := json.NewDecoder(bytes.NewReader(template))
	if _, err := d.Token(); err != nil {
		return object, false, err
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return object, false, err
		}
		name, _ := token.(string)
		var member json.RawMessage
		if err := d.Decode(&member); err != nil {
			return object, false, err
		}
		v, given, err := a.fill(member)
		if err != nil {
			return object, false, err
		}
		if !given {
			continue
		}
		spread, isSpread := strings.CutPrefix(name, "...")
		if !isSpread {
			m.Put(script.Text(name), v)
			continue
		}
		if more, ok := v.AsMap(); ok {
			for key, value := range more.All() {
				m.Put(key, value)
			}
			continue
		}
		if spread == "" {
			return object, false, fmt.Errorf("the members of a map are wanted, and this is a %s", v.Kind())
		}
		m.Put(script.Text(spread), v)
	}
	return object, true, nil
}

// taskAnswer is what a task gives: what stands at the place that it names, or the whole answer where nothing does.
// Without a body it is empty, as good a list as a map.
func taskAnswer(t *lanyard.Task, a *invoke.Response, requested string) (script.Value, error) {
	if a.Binary == nil && strings.TrimSpace(a.Text) == "" {
		return script.Empty(), nil
	}
	v, err := bodyValue(a, requested, "")
	if err != nil || t.Answer == "" {
		return v, err
	}
	if t.AnswerIf != "" {
		if _, ok := standing(v, t.AnswerIf); !ok {
			return v, nil
		}
	}
	if found, ok := standing(v, t.Answer); ok {
		return found, nil
	}
	return v, nil
}

// standing gives what stands in an answer at a place: names and numbers divided by dots.
func standing(v script.Value, place string) (script.Value, bool) {
	for name := range strings.SplitSeq(place, ".") {
		if m, ok := v.AsMap(); ok && v.Kind() == script.KindMap {
			if !m.Has(script.Text(name)) {
				return v, false
			}
			v = m.Get(script.Text(name))
			continue
		}
		list, ok := v.AsList()
		i, err := strconv.Atoi(name)
		if !ok || err != nil || i < 0 || i >= len(list) {
			return v, false
		}
		v = list[i]
	}
	return v, true
}
