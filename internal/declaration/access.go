package declaration

import (
	"context"
	"slices"
	"strings"

	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

// group is a document of KindGroup. Members are all its users, where they are given;
// otherwise its members stay.
type group struct {
	slnet.Group
	Members []string `json:"Members"`
}

var groupForm = form{
	members: []string{"Name", "Permissions", "ScriptGrants", "ReadOnly"}, sets: []string{"Permissions", "ScriptGrants"},
}

func (g *group) name() string                { return g.Name }
func (g *group) complete(*document, *reader) {}

func (g *group) plan(_ context.Context, d *document, p *planner) error {
	var stored *slnet.Group
	for i := range p.people.groups {
		if strings.EqualFold(p.people.groups[i].Name, g.Name) {
			stored = &p.people.groups[i]
		}
	}
	f := groupForm
	if strings.EqualFold(g.Name, slnet.AdministratorsName) {
		f.keep = []string{"Permissions"} // it has them all
	}
	plan(p, d, f, g.Group, stored, func(ctx context.Context, o slnet.Group) error {
		_, err := ask[*slnet.GroupResponse](ctx, p.send, &slnet.CreateGroupMessage{Group: o})
		return err
	}, func(ctx context.Context, o slnet.Group) error {
		message := &slnet.UpdateGroupMessage{Group: o}
		if o.Name != stored.Name {
			message.Group.Name, message.NewName = stored.Name, o.Name
		}
		_, err := ask[*slnet.GroupResponse](ctx, p.send, message)
		return err
	})
	return nil
}

// user is a document of KindUser. A user who is created has no password.
type user struct{ slnet.User }

var userForm = form{
	members: []string{"Name", "DisplayName", "Groups", "Disabled"},
	keep:    []string{"Disabled"}, sets: []string{"Groups"},
}

func (u *user) name() string                { return u.Name }
func (u *user) complete(*document, *reader) {}

func (u *user) plan(_ context.Context, d *document, p *planner) error {
	want := u.User
	want.Groups = p.people.wanted[strings.ToLower(u.Name)]
	p.people.planned = append(p.people.planned, strings.ToLower(u.Name))
	stored := p.people.user(u.Name)
	plan(p, d, userForm, want, stored, p.createUser, func(ctx context.Context, o slnet.User) error { return p.updateUser(ctx, stored, o) })
	return nil
}

func (p *planner) createUser(ctx context.Context, o slnet.User) error {
	_, err := ask[*slnet.UserResponse](ctx, p.send, &slnet.CreateUserMessage{Name: o.Name, DisplayName: o.DisplayName, Groups: o.Groups})
	if err == nil && o.Disabled {
		_, err = ask[*slnet.UserResponse](ctx, p.send, &slnet.UpdateUserMessage{Name: o.Name, Disabled: &o.Disabled})
	}
	return err
}

func (p *planner) updateUser(ctx context.Context, stored *slnet.User, o slnet.User) error {
	message := &slnet.UpdateUserMessage{
		Name: stored.Name, DisplayName: &o.DisplayName, AddGroups: without(o.Groups, stored.Groups), RemoveGroups: without(stored.Groups, o.Groups),
	}
	if o.Name != stored.Name {
		message.NewName = &o.Name
	}
	if o.Disabled != stored.Disabled {
		message.Disabled = &o.Disabled
	}
	_, err := ask[*slnet.UserResponse](ctx, p.send, message)
	return err
}

// without are the names of a list that another one does not have.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return contains(other, name) })
}

func contains(list []string, name string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, name) })
}

// people are the users and groups of the daemon, asked for where documents are
// about some.
type people struct {
	users  []slnet.User
	groups []slnet.Group
	// wanted are the groups that users are to be in, by their names in small
	// letters; by is the document that says so of a user who has none.
	wanted  map[string][]string
	by      map[string]*document
	planned []string
}

func (p *people) user(name string) *slnet.User {
	for i := range p.users {
		if strings.EqualFold(p.users[i].Name, name) {
			return &p.users[i]
		}
	}
	return nil
}

// memberships finds out which groups users are to be in. Users and groups can both
// say it, and must not contradict each other.
func (p *planner) memberships(ctx context.Context) error {
	p.people.wanted, p.people.by = make(map[string][]string), make(map[string]*document)
	groups, users := p.declared.of(KindGroup), p.declared.of(KindUser)
	if len(groups)+len(users) == 0 {
		return nil
	}
	stored, err := ask[*slnet.GroupsResponse](ctx, p.send, &slnet.GetGroupsMessage{})
	if err != nil {
		return err
	}
	known, err := ask[*slnet.UsersResponse](ctx, p.send, &slnet.GetUsersMessage{})
	if err != nil {
		return err
	}
	p.people.groups, p.people.users = stored.Groups, known.Users
	for _, u := range p.people.users {
		p.people.wanted[strings.ToLower(u.Name)] = u.Groups
	}
	for _, d := range users {
		if u, ok := d.content.(*user); ok && d.given("Groups") {
			p.wantGroups(d, u)
		}
	}
	for _, d := range groups {
		if g, ok := d.content.(*group); ok && d.given("Members") {
			p.wantMembers(d, g)
		}
	}
	return nil
}

func (d *Declaration) of(kind Kind) []*document {
	return slices.DeleteFunc(slices.Clone(d.documents), func(d *document) bool { return d.kind != kind })
}

func (p *planner) wantGroups(d *document, u *user) {
	for _, name := range u.Groups {
		exists := slices.ContainsFunc(p.people.groups, func(g slnet.Group) bool { return strings.EqualFold(g.Name, name) })
		if !exists && p.declares(name, KindGroup) == nil {
			p.problem(d, "Groups", "there is no group %q, neither in the daemon nor in the files", name)
		}
	}
	p.people.wanted[strings.ToLower(u.Name)] = u.Groups
}

func (p *planner) wantMembers(d *document, g *group) {
	names := slices.Clone(g.Members)
	for _, name := range g.Members {
		if p.people.user(name) == nil && p.declares(name, KindUser) == nil {
			p.problem(d, "Members", "there is no user %q, neither in the daemon nor in the files", name)
		}
	}
	for name, groups := range p.people.wanted {
		if contains(groups, g.Name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		key, member := strings.ToLower(name), contains(g.Members, name)
		if member == contains(p.people.wanted[key], g.Name) {
			continue
		}
		if u := p.declares(name, KindUser); u != nil && u.given("Groups") {
			p.problem(d, "Members", "the Members and the Groups of the User %q, at %s:%d, contradict each other", u.name, u.file, u.lines["Groups"])
			continue
		}
		if p.people.by[key] = d; member {
			p.people.wanted[key] = append(slices.Clone(p.people.wanted[key]), g.Name)
		} else {
			p.people.wanted[key] = without(p.people.wanted[key], []string{g.Name})
		}
	}
}

// membersElsewhere adds the steps for users who have no document, and come into
// groups or out of them because the groups say so.
func (p *planner) membersElsewhere() {
	for i := range p.people.users {
		stored := &p.people.users[i]
		key := strings.ToLower(stored.Name)
		d := p.people.by[key]
		if d == nil || slices.Contains(p.people.planned, key) {
			continue
		}
		changed := *stored
		changed.Groups = p.people.wanted[key]
		changes := difference("Groups", asList(stored.Groups), asList(changed.Groups))
		at := &document{kind: KindUser, name: stored.Name, file: d.file, line: d.lines["Members"]}
		p.step(at, interchange.Update, changes, func(ctx context.Context) error { return p.updateUser(ctx, stored, changed) })
	}
}

func asList(names []string) any {
	list := make([]any, len(names))
	for i, name := range names {
		list[i] = name
	}
	return orNil(list, len(list))
}
