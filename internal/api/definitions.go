package api

import (
	"context"
	"encoding/json"
	"mime"
	"strings"

	"lanyard"
	"lanyard/internal/definitions"
)

type exportInput struct {
	Accept string `header:"Accept" hidden:"true"`
}

type exported struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// exportDefinitions writes YAML for whoever asks for it, and JSON for everybody else.
func (a *API) exportDefinitions(ctx context.Context, c *lanyard.Caller, in *exportInput) (*exported, error) {
	doc, err := a.Definitions.Export(ctx, c)
	if err != nil {
		return nil, err
	}
	for wanted := range strings.SplitSeq(in.Accept, ",") {
		if media, _, err := mime.ParseMediaType(wanted); err == nil && media == yamlMedia {
			text, err := doc.YAML()
			return &exported{yamlMedia, text}, err
		}
	}
	text, err := json.Marshal(doc)
	return &exported{"application/json", text}, err
}

// Planned is exported for the reason that [Page] is.
type Planned struct {
	Steps  []PlanStep  `json:"steps" doc:"What it changes, in the order in which that is done"`
	Drift  []PlanDrift `json:"drift" doc:"What is in the organization and not in the document, of the kinds that the document has; it stays as it is"`
	Notes  []string    `json:"notes" doc:"What applying does not do, and who can"`
	Digest string      `json:"digest" doc:"Stands for this plan: applying with it does exactly this, or nothing" example:"3f9a01c2d4e5b6a798877665544332ff9b74c9897bac770ffc029102a200c5de"`
}

// PlanStep is one change. It is exported for the reason that [Page] is.
type PlanStep struct {
	Kind   string   `json:"kind" doc:"service, oauth_client, connection, function, api_key or role" example:"service"`
	Name   string   `json:"name" doc:"The link name, the name of an API key, the e-mail address of a person" example:"acme"`
	Action string   `json:"action" enum:"create,change" doc:"Whether it is new"`
	Words  []string `json:"words" doc:"A sentence for each thing that changes"`
	Ends   int      `json:"ends" doc:"How many authorizations it revokes"`
}

// PlanDrift is exported for the reason that [Page] is.
type PlanDrift struct {
	Kind string `json:"kind" doc:"As in steps" example:"connection"`
	Name string `json:"name" doc:"As in steps" example:"acme_old"`
}

type applied struct {
	Planned
	Keys []MadeKey `json:"keys" doc:"The API keys that were made, each shown this once"`
}

// MadeKey is exported for the reason that [Page] is.
type MadeKey struct {
	Name string `json:"name" doc:"The key's name" example:"ci"`
	Key  string `json:"key" doc:"The key itself" example:"lanyard_…"`
}

func encodePlan(p *definitions.Plan) Planned {
	out := Planned{Steps: make([]PlanStep, len(p.Steps)), Drift: make([]PlanDrift, len(p.Drift)), Notes: append([]string{}, p.Notes...), Digest: p.Digest}
	for i, s := range p.Steps {
		out.Steps[i] = PlanStep{s.Kind, s.Name, string(s.Action), s.Words, s.Ends}
	}
	for i, d := range p.Drift {
		out.Drift[i] = PlanDrift(d)
	}
	return out
}

type planInput struct{ Body json.RawMessage }

func (a *API) planDefinitions(ctx context.Context, c *lanyard.Caller, in *planInput) (*answer[Planned], error) {
	doc, err := definitions.Decode(in.Body)
	if err != nil {
		return nil, err
	}
	p, err := a.Definitions.Plan(ctx, c, doc)
	if err != nil {
		return nil, err
	}
	return &answer[Planned]{encodePlan(p)}, nil
}

type applyInput struct {
	Digest string `query:"digest" doc:"That of the plan that somebody read: refused with conflict when it would be another one by now"`
	Body   json.RawMessage
}

func (a *API) applyDefinitions(ctx context.Context, c *lanyard.Caller, in *applyInput) (*answer[applied], error) {
	doc, err := definitions.Decode(in.Body)
	if err != nil {
		return nil, err
	}
	p, err := a.Definitions.Apply(ctx, c, doc, in.Digest)
	if err != nil {
		return nil, err
	}
	out := applied{Planned: encodePlan(p), Keys: make([]MadeKey, len(p.Keys))}
	for i, k := range p.Keys {
		out.Keys[i] = MadeKey{k.Name, k.Secret.Reveal()}
	}
	return &answer[applied]{out}, nil
}
