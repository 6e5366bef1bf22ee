package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"lanyard"
	"lanyard/internal/problem"
)

// maxForm is how many bytes a posted form may have: twenty parameters and credentials of the largest size fit.
const maxForm = 1 << 20

// formBound is how many bytes the form of a request may have. It follows from the route alone: whose form it is, is read
// before its handler is asked.
func formBound(r *http.Request) int64 {
	switch {
	case slices.Contains(packageForms, r.Pattern):
		return maxPackageForm
	case slices.Contains(scriptForms, r.Pattern):
		return maxScriptForm
	case r.Pattern == importForm:
		return maxImportForm
	}
	return maxForm
}

// readForm parses a posted form. What comes in the address is not part of it.
func readForm(w http.ResponseWriter, r *http.Request) error {
	most := formBound(r)
	r.Body = http.MaxBytesReader(w, r.Body, most)
	err := r.ParseForm()
	if err == nil && slices.Contains(packageForms, r.Pattern) {
		if err = r.ParseMultipartForm(most); errors.Is(err, http.ErrNotMultipart) { //nolint:gosec // the body is bounded above
			err = nil
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return lanyard.Errorf(lanyard.CodeRequestTooLarge, "What was sent is larger than a form can be.")
	case err != nil:
		return lanyard.Errorf(lanyard.CodeInvalidRequest, "The form that was sent cannot be read. Go back and try again.")
	}
	return nil
}

// form is what went wrong with what a person sent; the zero value is a form that was not sent yet.
type form struct {
	Failed   bool   // this answers a try that did not work
	Heading  string // of the summary
	Message  string // what went wrong as a whole, when it was not one of the fields
	Provider string // what the provider itself said
	Request  string // id of the request, where it failed through no fault of the person's
	Faults   []fault
	Secrets  bool // one of the fields is a secret, so it has to be typed again
	fields   []lanyard.FieldError
}

// fault is a line of the summary, with the field that it leads to, where there is one.
type fault struct {
	FieldID string
	Text    string
}

// field is one thing to fill in, drawn by parts/field.html.
type field struct {
	ID           string
	Name         string // in the form
	Label        string
	Help         string
	Type         string // of the input, or switch; text when empty
	Value        string // never of a secret; of a switch, anything when it is on
	Placeholder  string
	Autocomplete string // off when empty
	Optional     bool
	Choices      []lanyard.Choice // drawn as a list to choose from
	Chosen       bool             // the list has no entry for nothing
	Rows         int              // more than a line of text
	Frozen       string           // it cannot be changed, and this says why
	Mono         bool             // a value for machines
	Error        string
}

// newForm takes what a try came to; nil when there was none. Heading says what did not happen.
func newForm(d *problem.Document, heading string) form {
	if d == nil {
		return form{}
	}
	f := form{Heading: heading, Provider: providerWords(d), Failed: true, fields: d.Errors}
	if len(d.Errors) == 0 {
		f.Message, f.Request = said(d.Detail), d.RequestID
	}
	return f
}

// field gives a field its error, if there is one at the pointer, and the summary a line that leads to it.
func (f *form) field(in field, pointer string) field {
	for i, e := range f.fields {
		if e.Pointer == pointer {
			in.Error = sentence(e.Detail)
			f.Faults = append(f.Faults, fault{in.ID, about(in, e.Detail)})
			f.fields = slices.Delete(slices.Clone(f.fields), i, i+1)
			break
		}
	}
	return in
}

// rest puts what no field took into the summary.
func (f *form) rest() {
	for _, e := range f.fields {
		f.Faults = append(f.Faults, fault{Text: sentence(e.Detail)})
	}
	f.fields = nil
}

// about says which field an error is about, where its words do not: the summary stands far from the fields. The label
// of a switch is a sentence, which would be too much.
func about(in field, detail string) string {
	if in.Label == "" || in.Type == "switch" || strings.Contains(strings.ToLower(detail), strings.ToLower(in.Label)) {
		return sentence(detail)
	}
	return in.Label + ": " + ended(detail)
}

// sentence makes a field's error, which stands alone on a page, look like one. A file or an address at its beginning stays
// as it is written.
func sentence(detail string) string {
	if word, _, _ := strings.Cut(detail, " "); strings.Contains(strings.TrimSuffix(word, "."), ".") {
		return ended(detail)
	}
	first, size := utf8.DecodeRuneInString(detail)
	return ended(string(unicode.ToUpper(first)) + detail[size:])
}

func ended(detail string) string {
	if strings.HasSuffix(detail, ".") {
		return detail
	}
	return detail + "."
}

// onForm gives the document of an error when the form is the place to show it: the person can change something there,
// or try again without typing everything once more. Who is not let in, or has come to the wrong place, gets a page
// instead; then it is nil, as it is without an error.
func (s *site) onForm(r *http.Request, err error) *problem.Document {
	if err == nil {
		return nil
	}
	switch lanyard.CodeOf(err) {
	case lanyard.CodeUnauthenticated, lanyard.CodeForbidden, lanyard.CodeNotFound:
		return nil
	}
	problem.Log(r.Context(), s.log, err)
	return problem.Of(err, problem.RequestID(r.Context()))
}
