"""3. "The campaign was for 2,500 people. The first 1,000 got it, and it said that it was done." """

from __future__ import annotations

from tests.support.api.given import phone
from tests.support.office import Office


def test_all_of_2500_leads_get_it(office: Office) -> None:
    """By one number, as fast as it goes. Those of another niche are not meant."""
    office.device()
    office.leads(2500, niche="GYM")
    office.leads(10, first=3001, niche="SPA")
    campaign = office.campaign(niche=["GYM"])
    assert office.api.get(f"/campaigns/{campaign}/preview").json["audience"] == 2500

    office.works_until_done(120, lease_seconds=60, gateway_timeout=60)

    invited = [phone(number).removeprefix("+") for number in range(1, 2501)]
    assert sorted(asked.phone for asked in office.gowa.taken) == invited
    assert {(asked.phone, asked.text) for asked in office.gowa.taken} == {
        (number, f"Hi Lead {n}") for n, number in enumerate(invited, start=1)
    }
    report = office.api.get(f"/reports/campaigns/{campaign}").json
    assert (report["status"], report["audience"]) == ("finished", 2500)
    assert report["by_status"]["sent"] == sum(report["by_status"].values()) == 2500
    assert report["excluded"] == {}
    office.proves_itself()
