package credential

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"lanyard"
	"lanyard/internal/scheme"
)

// What a provider says for a dynamic parameter while somebody connects (see lanyard.Learn) arrives from three sides, in
// this order: with the browser that comes back, in the answer of the token endpoint, and in answers of the API that are
// asked for with the new credential. The first is the browser's word and not the provider's, and the others are a
// stranger's; each is held to the parameter's own rules and to the service's hosts before anything is sent by it.

// learnTimeout bounds all lookups of one connection together.
const learnTimeout = 30 * time.Second

// learn gives the values with what a provider says for the parameters of one source. What it leaves unsaid stays as the
// person gave it. values are left as they are.
func learn(s *lanyard.Service, values map[string]string, from lanyard.LearnSource, says func(at string) (string, bool)) (map[string]string, error) {
	of := func(p *lanyard.DynamicParameter) bool { return p.Learn != nil && p.Learn.From == from }
	return learnWhere(s, values, of, says)
}

func learnWhere(s *lanyard.Service, values map[string]string, of func(*lanyard.DynamicParameter) bool, says func(at string) (string, bool)) (map[string]string, error) {
	learnt := maps.Clone(values)
	var names []string
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		if !of(p) {
			continue
		}
		said, ok := says(p.Learn.At)
		if !ok || said == "" {
			if s.Complete(values)[p.Key] == "" && !p.Optional {
				return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "%s did not say the %s (%s), which the service needs.", s.Name, p.Name, p.Learn.At)
			}
			continue
		}
		value, err := p.Learnt(said)
		if err != nil {
			return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "%s came back with something for the parameter %s that the service does not take: %s.", s.Name, p.Name, err)
		}
		if learnt == nil {
			learnt = map[string]string{}
		}
		learnt[p.Key] = value
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return values, nil
	}
	if err := s.CheckLearnt(s.Complete(learnt)); err != nil {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "%s came back with something for %s that the service does not take: %s.", s.Name, strings.Join(names, " and "), err)
	}
	return learnt, nil
}

// learnFromCallback reads the query that the browser brought back. A name that stands there twice says nothing.
func learnFromCallback(s *lanyard.Service, values map[string]string, query url.Values) (map[string]string, error) {
	return learn(s, values, lanyard.LearnCallback, func(at string) (string, bool) {
		said := query[at]
		return strings.Join(said, ""), len(said) == 1
	})
}

// learnAgain takes what the answer to a refresh says. What does not fit is not taken: the connection works as it did.
func (k *Keeper) learnAgain(ctx context.Context, con *Connection, c *lanyard.Credential, got *granted) {
	values, err := learn(con.Service, c.Parameters, lanyard.LearnToken, got.Member)
	if err != nil {
		k.Logger.WarnContext(ctx, "what a refresh says of a parameter is not taken", "organization", con.OrganizationID, "connection", con.LinkName, "error", err)
		return
	}
	c.Parameters = values
}

// lookUp asks the API for what else the service has to know, one GET for each URL. One that stands on the answer of
// another is asked after it.
func (k *Keeper) lookUp(ctx context.Context, con *Connection, c *lanyard.Credential) error {
	s := con.Service
	var left []string
	for i := range s.DynamicParameters {
		if l := s.DynamicParameters[i].Learn; l != nil && l.From == lanyard.LearnLookup && !slices.Contains(left, l.URL) {
			left = append(left, l.URL)
		}
	}
	if len(left) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, learnTimeout)
	defer cancel()
	for len(left) > 0 {
		values := s.Complete(c.Parameters)
		// None is ready where two wait for each other; then the error says which value is missing.
		next := max(0, slices.IndexFunc(left, func(url string) bool { return !s.Waits(url, values) }))
		template := left[next]
		left = slices.Delete(left, next, next+1)
		said, err := k.lookUpAt(ctx, con, c, template)
		if err != nil {
			return err
		}
		of := func(p *lanyard.DynamicParameter) bool {
			return p.Learn != nil && p.Learn.From == lanyard.LearnLookup && p.Learn.URL == template
		}
		if c.Parameters, err = learnWhere(s, c.Parameters, of, said); err != nil {
			return err
		}
	}
	return nil
}

// lookUpAt asks one URL, and gives a function that finds what its answer says.
func (k *Keeper) lookUpAt(ctx context.Context, con *Connection, c *lanyard.Credential, template string) (says func(at string) (string, bool), err error) {
	live, err := k.soFar(con, c)
	if err != nil {
		return nil, err
	}
	u, err := con.Service.FillURL(template, live.Credential.Parameters)
	if err != nil {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "A URL of the service %s cannot be made: %s.", con.Service.Name, err)
	}
	_, body, err := k.try(ctx, live, http.MethodGet, u, "")
	if err != nil {
		return nil, err
	}
	if !json.Valid(body) { // it bounds the depth, which the search does not
		return nil, lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "%s answered in a way that cannot be read, when it was asked for what the service needs to know.", con.Service.Name)
	}
	return func(at string) (string, bool) {
		v := gjson.GetBytes(body, at)
		switch v.Type {
		case gjson.String, gjson.Number, gjson.True, gjson.False:
		default:
			return "", false
		}
		said := v.String()
		// A value stands in URLs; an API that repeats the credential is not taken at its word.
		return said, live.Words.Mask(said) == said
	}, nil
}

// soFar makes a credential usable while its provider has not said all values yet: hosts and headers that wait for one
// are left out.
func (k *Keeper) soFar(con *Connection, c *lanyard.Credential) (*Live, error) {
	values := con.Service.Complete(c.Parameters)
	s := *con.Service
	s.Headers = maps.Clone(s.Headers)
	maps.DeleteFunc(s.Headers, func(_, value string) bool { return s.Waits(value, values) })
	filled := *c
	filled.Parameters = values
	live := &Live{On: &Connection{Connection: con.Connection, Service: &s}, Credential: &filled}
	live.maskers()
	var err error
	if live.Hosts, err = s.HostsSoFar(values); err != nil {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "The hosts of the service %s cannot be made: %s.", s.Name, err)
	}
	live.Placer, err = scheme.Bind(&s, &filled, k.Store.Now)
	return live, err
}

// abandon gives back what was granted and came to nothing, save where the person has this connection connected already:
// many providers have one grant for an account and a client, and what works would end with it.
func (k *Keeper) abandon(ctx context.Context, con *Connection, user lanyard.UserID, c *lanyard.Credential) {
	a, err := k.Store.Authorization(ctx, con.OrganizationID, con.ID, user)
	if err == nil && a.Status == lanyard.StatusConnected {
		return
	}
	if err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
		k.Logger.ErrorContext(ctx, "look whether a grant is still in use", "organization", con.OrganizationID, "connection", con.LinkName, "error", err)
		return
	}
	k.giveBack(ctx, con, c)
}
