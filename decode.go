package lanyard

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// DecodeKnown decodes a JSON object into a struct, by the exact names of its json tags. A member that is unknown, stands
// twice or is of the wrong type is refused; all of them are reported at once, each with its own pointer. A null counts
// as left out.
func DecodeKnown(data []byte, into any) error {
	if !json.Valid(data) {
		return fieldErr("", "this is not JSON that can be read")
	}
	var f FieldErrors
	decodeValue(data, reflect.ValueOf(into).Elem(), "", &f)
	return f.Err()
}

// placedDecoder is what decodes itself and wants to know where it stands, for the pointers of its faults.
type placedDecoder interface {
	decodeAt(data []byte, at string, f *FieldErrors)
}

func decodeValue(data []byte, v reflect.Value, at string, f *FieldErrors) {
	data = bytes.TrimSpace(data)
	if string(data) == "null" {
		return
	}
	switch d := v.Addr().Interface().(type) {
	case placedDecoder:
		d.decodeAt(data, at, f)
		return
	case json.Unmarshaler:
		if d.UnmarshalJSON(data) != nil {
			f.Add(at, "this cannot be read; %s was given", kindOf(data))
		}
		return
	}
	wrong := func(want string) { f.Add(at, "this has to be %s; %s was given", want, kindOf(data)) }
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		decodeValue(data, v.Elem(), at, f)
	case reflect.Struct:
		if !isObject(data) {
			wrong("an object")
			return
		}
		decodeMembers(objectMembers(data, at, f), v, at, f)
	case reflect.Map:
		if !isObject(data) {
			wrong("an object")
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for _, m := range objectMembers(data, at, f) {
			e := reflect.New(v.Type().Elem()).Elem()
			decodeValue(m.value, e, at+"/"+pointerToken(m.name), f)
			v.SetMapIndex(reflect.ValueOf(m.name).Convert(v.Type().Key()), e)
		}
	case reflect.Slice:
		var items []json.RawMessage
		if json.Unmarshal(data, &items) != nil {
			wrong("a list")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			decodeValue(item, v.Index(i), pointer(at, i), f)
		}
	default:
		if json.Unmarshal(data, v.Addr().Interface()) != nil {
			wrong(wanted[v.Kind()])
		}
	}
}

var wanted = map[reflect.Kind]string{
	reflect.String: "a text", reflect.Bool: "true or false", reflect.Int: "a whole number in range", reflect.Int64: "a whole number in range",
}

// kindOf names a JSON value for a sentence; the value itself may be a secret that was put into the wrong field.
func kindOf(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("{")):
		return "an object"
	case bytes.HasPrefix(data, []byte("[")):
		return "a list"
	case bytes.HasPrefix(data, []byte(`"`)):
		return "a text"
	case bytes.HasPrefix(data, []byte("t")), bytes.HasPrefix(data, []byte("f")):
		return "true or false"
	case bytes.HasPrefix(data, []byte("n")):
		return "null"
	}
	return "a number"
}

func isObject(data []byte) bool { return bytes.HasPrefix(data, []byte("{")) }

// member is one name and value of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// objectMembers divides a valid JSON object, in its order. Of a name that stands twice the first is kept, and a fault
// is noted: others who read the same text may take the other one.
func objectMembers(data []byte, at string, f *FieldErrors) []member {
	var all []member
	d := json.NewDecoder(bytes.NewReader(data))
	_, _ = d.Token() // the opening brace; the text is known to be a valid object
	for d.More() {
		var m member
		name, _ := d.Token()
		m.name, _ = name.(string)
		_ = d.Decode(&m.value)
		if slices.ContainsFunc(all, func(o member) bool { return o.name == m.name }) {
			f.Add(at+"/"+pointerToken(m.name), "this stands twice")
			continue
		}
		all = append(all, m)
	}
	return all
}

// decodeMembers puts members into the fields of a struct.
func decodeMembers(members []member, v reflect.Value, at string, f *FieldErrors) {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = v.Field(i)
		}
	}
	for _, m := range members {
		field, ok := fields[m.name]
		if !ok {
			f.Add(at+"/"+pointerToken(m.name), "there is no such field")
			continue
		}
		decodeValue(m.value, field, at+"/"+pointerToken(m.name), f)
	}
}

// pointerToken escapes a name for a JSON pointer (RFC 6901 §3).
func pointerToken(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func fieldErr(pointer, format string, args ...any) error {
	var f FieldErrors
	f.Add(pointer, format, args...)
	return f.Err()
}
