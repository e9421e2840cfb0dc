from django.urls import path

from deals.views import board, checklist, closing, lists, page, products, tasks

app_name = "deals"
urlpatterns = [
    path("deals/", lists.index, name="list"),
    path("deals/export/", lists.export, name="export"),
    path("deals/new/", lists.new, name="new"),
    path("deals/<int:pk>/", page.detail, name="detail"),
    path("deals/<int:pk>/edit/", page.edit, name="edit"),
    path("deals/<int:pk>/products/", page.products, name="deal_products"),
    path("deals/<int:pk>/assign/", page.assign, name="assign"),
    path("deals/<int:pk>/log/", page.log, name="log"),
    path("deals/<int:pk>/move/", board.move, name="move"),
    path("deals/<int:pk>/undo/", board.undo, name="undo"),
    path("deals/<int:pk>/win/", closing.win, name="win"),
    path("deals/<int:pk>/lose/", closing.lose, name="lose"),
    path("deals/<int:pk>/reopen/", closing.reopen, name="reopen"),
    path("deals/<int:pk>/tasks/", tasks.create, name="task_create"),
    path("deals/<int:pk>/checklist/<int:question>/", checklist.answer, name="answer"),
    path("checklist/", checklist.questions, name="questions"),
    path("checklist/new/", checklist.question_new, name="question_new"),
    path("checklist/<int:pk>/", checklist.question_edit, name="question_edit"),
    path("checklist/<int:pk>/move/", checklist.question_move, name="question_move"),
    path("checklist/<int:pk>/toggle/", checklist.question_toggle, name="question_toggle"),
    path("tasks/<int:pk>/done/", tasks.done, name="task_done"),
    path("tasks/<int:pk>/undo/", tasks.undo, name="task_undo"),
    path("tasks/<int:pk>/snooze/", tasks.snooze, name="task_snooze"),
    path("board/", board.board, name="board"),
    path("board/<int:stage>/more/", board.column, name="column"),
    path("products/", products.products, name="products"),
    path("products/<int:pk>/", products.product, name="product"),
]
