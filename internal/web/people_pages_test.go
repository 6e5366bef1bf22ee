package web

import (
	"net/url"
	"testing"

	"lanyard"
)

func TestPeoplePages(t *testing.T) {
	signedIn := func(t *testing.T) *door { return newDoor(t, "").invented().signIn() }
	t.Run("the list leads to each person", func(t *testing.T) {
		d := signedIn(t)
		d.next = "abcd"
		d.get("/organization/people?q=a&role=member&cursor=x").want(t, 200, `href="/organization/people/usr_ci"`, "Deactivated", "customer-4711", `value="a"`,
			`href="/organization/people?cursor=abcd&amp;q=a&amp;role=member"`, `href="/organization/people?q=a&amp;role=member"`)
	})
	t.Run("an edit says everything that was typed, and keeps it where it was refused", func(t *testing.T) {
		d := signedIn(t)
		d.post("/organization/people/usr_member", url.Values{"name": {" New "}, "email": {"a@example.com"}, "role": {"admin"}}).goesTo(t, "/organization/people/usr_member")
		if got, want := d.changes(), "EditUser:usr_member New admin"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		d.personErr = &lanyard.Error{Code: lanyard.CodeConflict, Fields: []lanyard.FieldError{{Pointer: "/email", Detail: "this e-mail address is taken"}}}
		d.post("/organization/people/usr_member", url.Values{"name": {`"<b>`}, "email": {"taken@example.com"}, "role": {"owner"}, "external_id": {"x-1"}}).
			want(t, 409, "This e-mail address is taken.", `value="&#34;&lt;b&gt;"`, `value="taken@example.com"`, `<option value="owner" selected>`, `value="x-1"`)
	})
	t.Run("what ends is asked first, and done by POST alone", func(t *testing.T) {
		d := signedIn(t)
		for _, what := range []string{"deactivate", "hand-over", "remove"} {
			d.get("/organization/people/usr_member/"+what).want(t, 200, `id="confirm"`, "2 more")
		}
		if got := d.changes(); got != "" {
			t.Errorf("looking did %q", got)
		}
		d.post("/organization/people/usr_member/deactivate", nil).goesTo(t, "/organization/people/usr_member")
		d.post("/organization/people/usr_member/reactivate", nil).goesTo(t, "/organization/people/usr_member")
		d.post("/organization/people/usr_member/hand-over", url.Values{"to": {"usr_ci"}}).goesTo(t, "/organization/people/usr_member")
		d.post("/organization/people/usr_member/remove", url.Values{}).want(t, 400, "Choose whether they are deleted, or who gets them.")
		d.post("/organization/people/usr_member/remove", url.Values{"then": {"usr_ci"}}).goesTo(t, "/organization/people")
		d.post("/organization/people/usr_member/remove", url.Values{"then": {"delete"}}).goesTo(t, "/organization/people")
		want := `EditUser:usr_member disabled true EditUser:usr_member disabled false HandOver:usr_member usr_ci RemovePerson:usr_member "usr_ci" false RemovePerson:usr_member "" true`
		if got := d.changes(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("who may not change somebody gets no form and does nothing", func(t *testing.T) {
		d := signedIn(t)
		p := inventedPerson()
		p.Roles, p.Holdings = nil, nil
		d.rooms.peopleRooms.person = p
		page := d.get("/organization/people/usr_member")
		page.want(t, 200, "member@zylker.example")
		page.lacks(t, "<form class=\"card\"", "/deactivate", "/remove", "/hand-over")
		for _, what := range []string{"deactivate", "hand-over", "remove"} {
			d.get("/organization/people/usr_member/"+what).want(t, 403, "Only owners and admins")
			d.post("/organization/people/usr_member/"+what, url.Values{"to": {"usr_ci"}, "then": {"delete"}}).want(t, 403)
		}
		if got := d.changes(); got != "" {
			t.Errorf("did %q", got)
		}
	})
	t.Run("one's own account is neither deactivated nor removed", func(t *testing.T) {
		d := signedIn(t)
		p := inventedPerson()
		p.Self = true
		d.rooms.peopleRooms.person = p
		page := d.get("/organization/people/usr_member")
		page.want(t, 200, `id="save"`, `id="hand-over"`)
		page.lacks(t, "/deactivate", "/remove")
	})
	t.Run("a conflict is said on the page that asked", func(t *testing.T) {
		d := signedIn(t)
		d.personErr = lanyard.Errorf(lanyard.CodeConflict, "This is the last owner.")
		for _, what := range []string{"deactivate", "hand-over", "remove"} {
			d.post("/organization/people/usr_member/"+what, url.Values{"to": {"usr_ci"}, "then": {"usr_ci"}}).want(t, 409, "This is the last owner.", `id="confirm"`)
		}
	})
}

func TestI01_PeopleAreText(t *testing.T) {
	const evil = `"><script>alert(1)</script>' onfocus=alert(1) {{.}} javascript:alert(1)`
	d := newDoor(t, "").invented().signIn()
	p := inventedPerson()
	p.Name, p.Email, p.ExternalID, p.ID, p.Holdings.Names = evil, evil, evil, evil, []string{evil}
	d.rooms.peopleRooms.person = p
	d.personErr = lanyard.Errorf(lanyard.CodeConflict, "%s", evil)
	typed := url.Values{"name": {evil}, "email": {evil}, "role": {evil}, "external_id": {evil}, "to": {evil}, "then": {evil}}
	for name, a := range map[string]answer{
		"page": d.get("/organization/people/x"), "edit": d.post("/organization/people/x", typed), "list": d.get("/organization/people?q=" + url.QueryEscape(evil)),
		"deactivate": d.get("/organization/people/x/deactivate"), "hand over": d.post("/organization/people/x/hand-over", typed), "remove": d.post("/organization/people/x/remove", typed),
	} {
		t.Run(name, func(t *testing.T) {
			a.lacks(t, "<script>alert", `' onfocus=alert(1) {{.}} javascript:alert(1)" `, `href="javascript:`)
		})
	}
}
