package web

import (
	"fmt"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/invoke"
)

// samplePart is "Try the definition": a sample call, and what it would send.
type samplePart struct {
	Fields  []field
	Faulty  bool // the form has to be corrected first
	Message string
	Faults  []fault
	Shown   *previewPart
}

// previewPart is what would be sent.
type previewPart struct {
	Verdict    notice
	Request    command
	Placements []invoke.PreviewPlacement
	Steps      []stepPart
}

// stepPart is a request of connecting.
type stepPart struct {
	What    string
	Request command
}

func newPreviewPart(p *invoke.Preview) *previewPart {
	part := &previewPart{Request: newCommand("preview-request", "The request", requestText(p.Request)), Placements: p.Placements}
	if p.Refusal == "" {
		part.Verdict = newNotice("ok", "It would be sent to "+p.Host, "The service lists this host. Nothing was sent now, and nothing was saved.")
	} else {
		part.Verdict = newNotice("warning", "Nothing would be sent", p.Refusal)
		part.Request.Label = "The request, if it were"
	}
	for i, s := range p.Steps {
		part.Steps = append(part.Steps, stepPart{s.What, newCommand(fmt.Sprintf("preview-step-%d", i), "Request", requestText(s.Request))})
	}
	return part
}

// requestText writes a request the way people read one.
func requestText(r credential.ShownRequest) string {
	text := r.Method + " " + r.URL
	for _, h := range r.Headers {
		text += "\n" + h.Name + ": " + h.Value
	}
	if r.Body != "" {
		text += "\n\n" + r.Body
	}
	return text
}

func sampleInput(i int) string { return fmt.Sprintf("try.value.%d", i) }

// try draws the sample call: a method, a URL, and a value for each dynamic parameter that the form has.
func (p *serviceDrawing) try() samplePart {
	if p.values.get("try.url") == "" {
		p.values.set("try.url", "/")
	}
	part := samplePart{Fields: []field{
		p.input(field{Name: "try.method", Label: "Method", Chosen: true, Choices: []lanyard.Choice{{Value: "GET"}, {Value: "POST"}, {Value: "PUT"}, {Value: "PATCH"}, {Value: "DELETE"}}}, "/try/type"),
		p.input(field{Name: "try.url", Label: "URL", Mono: true, Help: "A path below the base URL, or a whole URL."}, "/try/url"),
	}}
	for i, r := range p.values.rows("parameter", 0) {
		label := r["name"]
		if label == "" {
			label = r["key"]
		}
		part.Fields = append(part.Fields, p.input(field{Name: sampleInput(i), Label: label, Mono: true, Optional: true, Help: "For {" + r["key"] + "}. A sample stands in when left empty."}, "/try/parameters/"+r["key"]))
	}
	return part
}
