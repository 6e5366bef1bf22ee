package web

import (
	"net/http"
	"strconv"
	"time"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
)

// rotateKeyPage gives an API key a new secret.
type rotateKeyPage struct {
	frame
	form
	Key     keyRow
	Overlap field
}

func (rotateKeyPage) template() string { return "rotate_key" }

// overlaps are how long the key before can go on working, in hours.
var overlaps = []lanyard.Choice{
	{Value: "0", Name: "Not at all: it ends at once"}, {Value: "1", Name: "One hour"}, {Value: "24", Name: "One day"},
	{Value: "168", Name: "7 days"}, {Value: "720", Name: "30 days"},
}

func newRotateKeyPage(v visitor, k *lanyard.APIKey, overlap string, d *problem.Document, now time.Time) rotateKeyPage {
	p := rotateKeyPage{frame: newShellFrame(v, "Rotate an API key", "/account"), form: newForm(d, "The key was not rotated"), Key: newKeyRow(k, now)}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.Overlap = p.field(field{ID: "overlap", Name: "overlap", Label: "The present key goes on working for", Value: overlap, Choices: overlaps, Chosen: true,
		Help: "Long enough to put the new one everywhere where the present one is. Your account shows when the old one was last used."}, "/overlap_seconds")
	p.rest()
	return p
}

func (s *site) rotateKeyForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	key, err := s.accounts.Key(r.Context(), v.caller, lanyard.APIKeyID(r.PathValue("key")))
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newRotateKeyPage(v, key, "24", nil, time.Now()))
}

// rotateKey rotates a key and shows the new one, this once.
func (s *site) rotateKey(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	id, typed := lanyard.APIKeyID(r.PathValue("key")), r.PostForm.Get("overlap")
	wanted, err := rotation(typed)
	if err == nil {
		var key *lanyard.APIKey
		var value lanyard.Secret
		if key, value, err = s.accounts.RotateKey(r.Context(), v.caller, id, wanted); err == nil {
			p := newMadeKeyPage(v, key.Name, value, s.publicURL)
			p.Until = key.Previous.ExpiresAt
			return s.write(w, http.StatusOK, p)
		}
	}
	if d := s.onForm(r, err); d != nil {
		key, err := s.accounts.Key(r.Context(), v.caller, id)
		if err != nil {
			return err
		}
		return s.write(w, d.Status, newRotateKeyPage(v, key, typed, d, time.Now()))
	}
	return err
}

// rotation reads for how many hours the key before goes on working; without any it is the standard time.
func rotation(hours string) (account.Rotate, error) {
	if hours == "" {
		return account.Rotate{}, nil
	}
	n, err := strconv.Atoi(hours)
	if err != nil || n < 0 || n > 10_000 {
		var f lanyard.FieldErrors
		f.Add("/overlap_seconds", "choose one of these")
		return account.Rotate{}, f.Err()
	}
	overlap := time.Duration(n) * time.Hour
	return account.Rotate{Overlap: &overlap}, nil
}

// endPreviousKeyPage asks before the key before a rotation ends.
type endPreviousKeyPage struct {
	frame
	Key keyRow
}

func (endPreviousKeyPage) template() string { return "end_previous_key" }

func newEndPreviousKeyPage(v visitor, k *lanyard.APIKey, now time.Time) endPreviousKeyPage {
	return endPreviousKeyPage{newShellFrame(v, "End the key before", "/account"), newKeyRow(k, now)}
}

func (s *site) endPreviousKeyForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	key, err := s.accounts.Key(r.Context(), v.caller, lanyard.APIKeyID(r.PathValue("key")))
	if err == nil && key.Previous.Hint == "" {
		err = lanyard.Errorf(lanyard.CodeNotFound, "This API key has no other one before it that still works.")
	}
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newEndPreviousKeyPage(v, key, time.Now()))
}

func (s *site) endPreviousKey(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := s.accounts.EndPreviousKey(r.Context(), v.caller, lanyard.APIKeyID(r.PathValue("key"))); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "The key before is ended", "Whatever still uses it is refused from now on."))
	http.Redirect(w, r, "/account#keys", http.StatusSeeOther)
	return nil
}
