"""Which resource each charge of a bill is of, and how that is known."""

from __future__ import annotations

from msgspec import Struct

from guardrail.ledger.duck import literal


class TagKeys(Struct, frozen=True):
    """Keys of tags on a bill that tell what a charge is of, "" for none: the address of a resource, the name of a project."""

    address: str = ""
    project: str = ""


NO_TAGS = TagKeys()

BY_ID = {
    "macro sole_place(project, address, is_latest)": """case
        when count(distinct (project, address)) filter (is_latest) = 1
            then any_value({'project': project, 'address': address}) filter (is_latest)
        when count(distinct (project, address)) filter (is_latest) = 0 and count(distinct (project, address)) = 1
            then any_value({'project': project, 'address': address}) end""",
    "macro tag_form(text)": "nullif(trim(regexp_replace(lower(text), '[^a-z0-9_]+', '-', 'g'), '-'), '')",
    "temp table _known": """
        with latest as (select project, max("at") as "at" from states group by project),
        latest_runs as (select project, arg_max(run, "at") as run from runs group by project)
        select inventory.project, address, ids as forms, latest."at" is not null as is_latest
        from inventory left join latest using (project, "at")
        union
        select project, address, normal_forms(lines.id) || normal_forms(lines.arn), project not in (select project from states)
        from lines join latest_runs using (run)""",
    "temp table _by_id": """
        with ids as (
            select resource_id from charges where resource_id is not null union select id as resource_id from _points),
        asked as (select resource_id, unnest(normal_forms(resource_id)) as form from ids),
        places as (
            select form, sole_place(project, address, is_latest) as place
            from (select project, address, is_latest, unnest(forms) as form from _known) group by form)
        select resource_id, arg_max(place, length(form)) as place
        from asked join places using (form) where place is not null group by resource_id""",
}
"""A charge belongs to the resource that has its id, if one alone has it now, or one alone has ever had it.

The longest form decides: an ARN before the name at its end, which others may have, too. What fits several is matched by none.
What has been found is kept in a table: queries over `matched` are many, and each would look for it anew.
"""


def matched(tags: TagKeys) -> dict[str, str]:
    """Return charges with what each is of: by its id, else by a tag that names the address, else its project by another tag.

    Vendors' tags cannot spell every address: letter case and all but letters, digits and underscores count for nothing.
    """
    address, project = (
        f"nullif(tags[{literal(key)}], '')" if key else "null::varchar" for key in (tags.address, tags.project)
    )
    return {
        "temp table _by_tag": f"""
            with told as (
                select distinct {address} as address_tag, {project} as project_tag from charges
                where {address} is not null or {project} is not null),
            projects as (select project from runs union select project from states),
            in_project as (
                select project, tag_form(address) as form, sole_place(project, address, is_latest) as place
                from _known group by all),
            anywhere as (
                select tag_form(address) as form, sole_place(project, address, is_latest) as place from _known group by all)
            select address_tag, project_tag, projects.project,
                case when projects.project is null then anywhere.place else in_project.place end as place
            from told left join projects on projects.project = project_tag
            left join in_project on in_project.form = tag_form(address_tag) and in_project.project = project_tag
            left join anywhere on anywhere.form = tag_form(address_tag)""",
        "view matched": f"""
            select charges.*, coalesce(_by_id.place.project, _by_tag.place.project, _by_tag.project) as project,
                case when _by_id.place is null then _by_tag.place.address else _by_id.place.address end as address,
                case when _by_id.place is not null then 'id' when _by_tag.place is not null then 'tag'
                    when _by_tag.project is not null then 'group' else 'none' end as evidence
            from charges left join _by_id using (resource_id)
            left join _by_tag on address_tag is not distinct from {address} and project_tag is not distinct from {project}""",
    }
