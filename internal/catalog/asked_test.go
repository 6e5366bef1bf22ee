package catalog_test

import (
	"slices"
	"testing"

	"lanyard"
	"lanyard/internal/catalog"
)

// With what a person is asked for, the browser can leave; with what the provider says then, the service can be called.
// Services whose client has values of its own are judged with those, in the root package.
func TestWhatIsAskedIsEnough(t *testing.T) {
	for _, s := range catalog.Default().Services() {
		if slices.ContainsFunc(s.DynamicParameters, func(p lanyard.DynamicParameter) bool { return p.WithClient }) {
			continue
		}
		sample, given := s.SampleValues(), map[string]string{}
		for _, p := range s.Asked() {
			given[p.Key] = sample[p.Key]
		}
		values, err := s.ValueOf(given)
		if err != nil {
			t.Errorf("%s: the samples of what is asked: %v", s.LinkName, err)
			continue
		}
		if a := s.Auth.OAuth2; a != nil && a.GrantType == lanyard.AuthorizationCode {
			if _, err := s.FillURL(a.AuthorizeURL, s.Complete(values)); err != nil {
				t.Errorf("%s: where the browser goes: %v", s.LinkName, err)
			}
		}
		for _, p := range s.DynamicParameters {
			if p.Learn != nil && values[p.Key] == "" {
				values[p.Key] = sample[p.Key]
			}
		}
		if err := s.CheckLearnt(s.Complete(values)); err != nil {
			t.Errorf("%s: what is learnt: %v", s.LinkName, err)
		}
		if _, err := s.HostRules(s.Complete(values)); err != nil {
			t.Errorf("%s: its hosts: %v", s.LinkName, err)
		}
	}
}
