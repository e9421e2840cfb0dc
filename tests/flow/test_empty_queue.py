def test_a_rep_for_whom_nothing_waits_sees_the_page(login):
    page = login("rep").get("/queue/")
    assert page.status_code == 200 and "Nothing waits for you" in page.content.decode()
