package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lanyard"
	"lanyard/internal/vault"
)

// KeepVersions is how many versions of a function are kept, the current one among them.
const KeepVersions = 100

// functionColumns are those of functions f.
const functionColumns = `f.organization_id, f.id, f.link_name, f.name, f.author_id, f.extension_id, f.version, f.saved_by, f.signature, f.connections, f.cron, f.zone,
	f.next_run_at, f.hook_hash IS NOT NULL, f.created_at, f.updated_at,
	CASE WHEN f.extension_id = '' THEN '' ELSE COALESCE((SELECT e.name FROM extensions e WHERE e.organization_id = f.organization_id AND e.id = f.extension_id), '') END`

// withScript selects functions f with the script of their current version.
const withScript = `SELECT ` + functionColumns + `, v.script_sealed FROM functions f
	JOIN function_versions v ON v.organization_id = f.organization_id AND v.function_id = f.id AND v.version = f.version`

// scanFunction reads functionColumns and what a query selects beyond them.
func scanFunction(row scanner, more ...any) (f lanyard.Function, err error) {
	err = row.Scan(append([]any{
		&f.OrganizationID, &f.ID, &f.LinkName, &f.Name, &f.Author, &f.Extension, &f.Version, &f.SavedBy, decoded{&f.Signature}, decoded{&f.Connections},
		&f.Schedule.Cron, &f.Schedule.Zone, instant{&f.NextRunAt}, &f.HookSet, instant{&f.CreatedAt}, instant{&f.UpdatedAt},
		&f.ExtensionName,
	}, more...)...)
	return f, err
}

func (s *Store) openFunction(row scanner) (lanyard.Function, error) {
	var sealed []byte
	f, err := scanFunction(row, &sealed)
	if err == nil {
		f.Script, err = s.openScript(sealed, versionCell(f.OrganizationID, f.ID, f.Version))
	}
	return f, err
}

func versionCell(org lanyard.OrganizationID, id lanyard.FunctionID, version int64) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "function_versions", Row: string(id), Column: "script_sealed", Version: version}
}

func (s *Store) openScript(sealed []byte, at vault.Cell) (string, error) {
	plaintext, err := s.vault.Open(sealed, at)
	defer clear(plaintext)
	return string(plaintext), err
}

func functionSearch(f *lanyard.Function) string {
	return strings.ToLower(f.Name) + " " + string(f.LinkName)
}

// CreateFunction stores a function and its first version. It sets the version, the times and, when there is none, the
// id. A link name that a function of the organization has gives conflict and names the field; so does an organization
// that has most of them already.
func (s *Store) CreateFunction(ctx context.Context, f *lanyard.Function, most int, audit lanyard.AuditEntry) error {
	return s.Together(ctx, func(c *Changes) error { return c.CreateFunction(ctx, f, most, audit) })
}

// CreateFunction is [Store.CreateFunction].
func (c *Changes) CreateFunction(ctx context.Context, f *lanyard.Function, most int, audit lanyard.AuditEntry) error {
	t, s := c.tx, c.tx.store
	made := *f
	if made.ID == "" {
		made.ID = lanyard.NewFunctionID()
	}
	made.Version, made.CreatedAt = 1, s.Now()
	made.UpdatedAt = made.CreatedAt
	const lock = `SELECT o.id FROM organizations o WHERE o.id = $1`
	if _, err := find(ctx, t.sql, "organization", column[string], lock+s.dialect.lock("o"), made.OrganizationID); err != nil {
		return err
	}
	n, err := one(ctx, t.sql, column[int], `SELECT count(*) FROM functions WHERE organization_id = $1`, made.OrganizationID)
	if err != nil {
		return fmt.Errorf("count functions: %w", err)
	}
	if n >= most {
		return lanyard.Errorf(lanyard.CodeConflict, "An organization has at most %d functions: delete one that is not needed any more.", most)
	}
	const insert = `INSERT INTO functions
		(organization_id, id, link_name, name, search, author_id, extension_id, version, saved_by, signature, connections, cron, zone, next_run_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, '{}', '[]', '', '', 0, $9, $9)`
	_, err = t.exec(ctx, insert, made.OrganizationID, made.ID, made.LinkName, made.Name, functionSearch(&made), made.Author, made.Extension, made.SavedBy, millis(made.CreatedAt))
	if errors.Is(err, errTaken) {
		return conflict("/link_name", fmt.Sprintf("There is a function with the link name %s already.", made.LinkName), "this link name is taken")
	}
	if err != nil {
		return fmt.Errorf("create function %s: %w", made.ID, err)
	}
	if err := t.writeFunction(ctx, &made); err != nil {
		return err
	}
	if err := t.insertVersion(ctx, &made); err != nil {
		return err
	}
	audit.Object = string(made.ID)
	if err := t.audit(ctx, made.OrganizationID, audit); err != nil {
		return err
	}
	*f = made
	return nil
}

// UpdateFunction stores what a function has become since its version was before: name, schedule and, with another
// version, the script. When it runs next is stored with another schedule only, since it may have run meanwhile. It sets
// the time. Conflict when somebody else saved it meanwhile, not_found when it is gone.
func (s *Store) UpdateFunction(ctx context.Context, before int64, f *lanyard.Function, audit lanyard.AuditEntry) error {
	return s.Together(ctx, func(c *Changes) error { return c.UpdateFunction(ctx, before, f, audit) })
}

// UpdateFunction is [Store.UpdateFunction].
func (c *Changes) UpdateFunction(ctx context.Context, before int64, f *lanyard.Function, audit lanyard.AuditEntry) error {
	t := c.tx
	changed := *f
	changed.UpdatedAt = t.store.Now()
	if err := t.lockFunction(ctx, &changed, before); err != nil {
		return err
	}
	if err := t.writeFunction(ctx, &changed); err != nil {
		return err
	}
	if changed.Version != before {
		if err := t.insertVersion(ctx, &changed); err != nil {
			return err
		}
	}
	if err := t.audit(ctx, changed.OrganizationID, audit); err != nil {
		return err
	}
	*f = changed
	return nil
}

// lockFunction locks a function as it was read: conflict when its version is another one.
func (t *tx) lockFunction(ctx context.Context, f *lanyard.Function, version int64) error {
	const query = `SELECT f.version FROM functions f WHERE f.organization_id = $1 AND f.id = $2`
	now, err := find(ctx, t.sql, "function", column[int64], query+t.store.dialect.lock("f"), f.OrganizationID, f.ID)
	if err != nil {
		return err
	}
	if *now != version {
		return lanyard.Errorf(lanyard.CodeConflict, "Somebody else saved the function %s meanwhile: read it again. Nothing was changed.", f.LinkName)
	}
	return nil
}

func (t *tx) writeFunction(ctx context.Context, f *lanyard.Function) error {
	signature, err := encode(f.Signature)
	if err != nil {
		return err
	}
	connections := make([]string, len(f.Connections))
	for i, c := range f.Connections {
		connections[i] = string(c)
	}
	names, err := encodeList(connections)
	if err != nil {
		return err
	}
	const update = `UPDATE functions SET name = $3, search = $4, version = $5, saved_by = $6, signature = $7, connections = $8, cron = $9, zone = $10,
		next_run_at = CASE WHEN cron = $9 AND zone = $10 THEN next_run_at ELSE $11 END, updated_at = $12 WHERE organization_id = $1 AND id = $2`
	if _, err := t.exec(ctx, update, f.OrganizationID, f.ID, f.Name, functionSearch(f), f.Version, f.SavedBy, signature, names, f.Schedule.Cron, f.Schedule.Zone,
		millis(f.NextRunAt), millis(f.UpdatedAt)); err != nil {
		return fmt.Errorf("update function %s: %w", f.ID, err)
	}
	return nil
}

// insertVersion stores the script of the current version and forgets those that are not kept any more.
func (t *tx) insertVersion(ctx context.Context, f *lanyard.Function) error {
	sealed, err := t.store.seal([]byte(f.Script), versionCell(f.OrganizationID, f.ID, f.Version))
	if err != nil {
		return err
	}
	const insert = `INSERT INTO function_versions (organization_id, function_id, version, script_sealed, saved_by, saved_at) VALUES ($1, $2, $3, $4, $5, $6)`
	if _, err := t.exec(ctx, insert, f.OrganizationID, f.ID, f.Version, sealed, f.SavedBy, millis(f.UpdatedAt)); err != nil {
		return fmt.Errorf("store version %d of function %s: %w", f.Version, f.ID, err)
	}
	const forget = `DELETE FROM function_versions WHERE organization_id = $1 AND function_id = $2 AND version <= $3`
	if _, err := t.exec(ctx, forget, f.OrganizationID, f.ID, f.Version-KeepVersions); err != nil {
		return fmt.Errorf("forget old versions of function %s: %w", f.ID, err)
	}
	return nil
}

// DeleteFunction deletes a function, its versions and the records of its runs. Not_found when there is none.
func (s *Store) DeleteFunction(ctx context.Context, org lanyard.OrganizationID, id lanyard.FunctionID, audit lanyard.AuditEntry) error {
	return s.Together(ctx, func(c *Changes) error { return c.DeleteFunction(ctx, org, id, audit) })
}

// DeleteFunction is [Store.DeleteFunction].
func (c *Changes) DeleteFunction(ctx context.Context, org lanyard.OrganizationID, id lanyard.FunctionID, audit lanyard.AuditEntry) error {
	deleted, err := c.tx.exec(ctx, `DELETE FROM functions WHERE organization_id = $1 AND id = $2`, org, id)
	if err != nil {
		return fmt.Errorf("delete function %s: %w", id, err)
	}
	if deleted == 0 {
		return notFound("function")
	}
	return c.tx.audit(ctx, org, audit)
}

// Function gives a function with its script; not_found otherwise.
func (s *Store) Function(ctx context.Context, org lanyard.OrganizationID, name lanyard.LinkName) (*lanyard.Function, error) {
	return find(ctx, s.reads, "function", s.openFunction, withScript+` WHERE f.organization_id = $1 AND f.link_name = $2`, org, name)
}

// FunctionByHook gives the function of any organization whose address holds the token with this hash; not_found
// otherwise.
func (s *Store) FunctionByHook(ctx context.Context, hash []byte) (*lanyard.Function, error) {
	return find(ctx, s.reads, "function", s.openFunction, withScript+` WHERE f.hook_hash = $1`, hash)
}

// SetHook gives a function, whose version was read, the address with the token of this hash, in place of the one it had.
// With nil it has none. Conflict when somebody else saved it meanwhile, not_found when it is gone.
func (s *Store) SetHook(ctx context.Context, f *lanyard.Function, hash []byte, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		if err := t.lockFunction(ctx, f, f.Version); err != nil {
			return err
		}
		const update = `UPDATE functions SET hook_hash = $3, updated_at = $4 WHERE organization_id = $1 AND id = $2`
		if _, err := t.exec(ctx, update, f.OrganizationID, f.ID, hash, millis(s.Now())); err != nil {
			return fmt.Errorf("set the address of function %s: %w", f.ID, err)
		}
		return t.audit(ctx, f.OrganizationID, audit)
	})
}

// Functions lists the functions of an organization by link name, without their scripts. Query, when there is one, is a
// part of the name or of the link name, in any case.
func (s *Store) Functions(ctx context.Context, org lanyard.OrganizationID, query string, page Page) ([]lanyard.Function, string, error) {
	const list = "functions"
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	if utf8.RuneCountInString(query) > 2*maxServiceName {
		return nil, "", nil
	}
	w := where{`f.organization_id = $1`, []any{org}}
	if query != "" {
		w.and(`f.search LIKE `, "%"+escapeLike(strings.ToLower(query))+"%")
		w.text += ` ESCAPE '!'`
	}
	if after != "" {
		w.and(`f.link_name > `, after)
	}
	found, err := s.functions(ctx, w.limit(`f.link_name`, rows), w.args)
	if err != nil {
		return nil, "", fmt.Errorf("list functions: %w", err)
	}
	found, next := Cut(list, org, found, rows, func(f *lanyard.Function) string { return string(f.LinkName) })
	return found, next, nil
}

// FunctionsWith lists the functions whose current version names a connection, by link name and without their scripts.
func (s *Store) FunctionsWith(ctx context.Context, org lanyard.OrganizationID, connection lanyard.LinkName) ([]lanyard.Function, error) {
	w := where{`f.organization_id = $1`, []any{org}}
	w.and(`f.connections LIKE `, `%"`+escapeLike(string(connection))+`"%`)
	w.text += ` ESCAPE '!'`
	found, err := s.functions(ctx, w.text+` ORDER BY f.link_name`, w.args)
	if err != nil {
		return nil, fmt.Errorf("list the functions with a connection: %w", err)
	}
	return found, nil
}

// functions gives those that meet a condition, without their scripts.
func (s *Store) functions(ctx context.Context, condition string, args []any) ([]lanyard.Function, error) {
	scan := func(row scanner) (lanyard.Function, error) { return scanFunction(row) }
	return all(ctx, s.reads, scan, `SELECT `+functionColumns+` FROM functions f WHERE `+condition, args...)
}

// FunctionVersions lists the versions of a function that are kept, newest first, without their scripts.
func (s *Store) FunctionVersions(ctx context.Context, org lanyard.OrganizationID, id lanyard.FunctionID, page Page) ([]lanyard.FunctionVersion, string, error) {
	const list = "function_versions"
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	w := where{`organization_id = $1`, []any{org}}
	w.and(`function_id = `, id)
	if after != "" {
		before, err := strconv.ParseInt(after, 10, 64)
		if err != nil {
			return nil, "", fmt.Errorf("read the cursor of a list of versions: %w", err)
		}
		w.and(`version < `, before)
	}
	scan := func(row scanner) (v lanyard.FunctionVersion, err error) {
		err = row.Scan(&v.Version, &v.SavedBy, instant{&v.SavedAt})
		return v, err
	}
	versions, err := all(ctx, s.reads, scan, `SELECT version, saved_by, saved_at FROM function_versions WHERE `+w.limit(`version DESC`, rows), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list the versions of function %s: %w", id, err)
	}
	versions, next := Cut(list, org, versions, rows, func(v *lanyard.FunctionVersion) string { return strconv.FormatInt(v.Version, 10) })
	return versions, next, nil
}

// FunctionVersion gives one version of a function with its script; not_found when it is not kept any more.
func (s *Store) FunctionVersion(ctx context.Context, org lanyard.OrganizationID, id lanyard.FunctionID, version int64) (*lanyard.FunctionVersion, error) {
	scan := func(row scanner) (v lanyard.FunctionVersion, err error) {
		var sealed []byte
		if err = row.Scan(&v.Version, &v.SavedBy, instant{&v.SavedAt}, &sealed); err == nil {
			v.Script, err = s.openScript(sealed, versionCell(org, id, v.Version))
		}
		return v, err
	}
	const query = `SELECT version, saved_by, saved_at, script_sealed FROM function_versions WHERE organization_id = $1 AND function_id = $2 AND version = $3`
	return find(ctx, s.reads, "version of this function", scan, query, org, id, version)
}

// DueFunctions gives the functions of any organization whose schedule is due, the longest due first, without their
// scripts. They stay due until [Store.BeginDueRun].
func (s *Store) DueFunctions(ctx context.Context, most int) ([]lanyard.Function, error) {
	if s.Paused() {
		return nil, nil
	}
	due, err := s.functions(ctx, `f.next_run_at > 0 AND f.next_run_at <= $1 ORDER BY f.next_run_at LIMIT $2`, []any{millis(s.Now()), most})
	if err != nil {
		return nil, fmt.Errorf("find the functions that are due: %w", err)
	}
	return due, nil
}

// BeginDueRun makes a function due at another time, or never (the zero time), and stores a run of it, as [Store.BeginRun]
// does. It says false, and does neither, when another replica was quicker or the function was changed meanwhile.
func (s *Store) BeginDueRun(ctx context.Context, f *lanyard.Function, next time.Time, run *lanyard.FunctionRun) (begun bool, err error) {
	err = s.tx(ctx, func(t *tx) error {
		const claim = `UPDATE functions SET next_run_at = $5 WHERE organization_id = $1 AND id = $2 AND version = $3 AND next_run_at = $4`
		claimed, err := t.exec(ctx, claim, f.OrganizationID, f.ID, f.Version, millis(f.NextRunAt), millis(next))
		if err != nil {
			return fmt.Errorf("claim function %s: %w", f.ID, err)
		}
		if begun = claimed == 1; begun {
			return t.beginRun(ctx, run)
		}
		return nil
	})
	return begun && err == nil, err
}
