package lanyard

import "slices"

// Asks gives the scopes that a connection which chose some asks for: those, and the ones that every connection asks for.
// What was chosen and is no scope of the service any more stands by its value.
func (a *OAuth2Auth) Asks(chosen []string) []Scope {
	scopes := make([]Scope, 0, len(chosen))
	for _, value := range chosen {
		i := slices.IndexFunc(a.Scopes, func(s Scope) bool { return s.Value == value })
		if i < 0 {
			scopes = append(scopes, Scope{Name: value, Value: value})
		} else {
			scopes = append(scopes, a.Scopes[i])
		}
	}
	for _, s := range a.Scopes {
		if s.Always && !slices.Contains(chosen, s.Value) {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// ScopeValues are the values of scopes.
func ScopeValues(scopes []Scope) []string {
	values := make([]string, len(scopes))
	for i, s := range scopes {
		values[i] = s.Value
	}
	return values
}
