### Что говорит SMS или push на экране, который могут видеть другие: ни слова о лечении, ничьих имён.

-name = Талон

# Когда и куда. $where: "address" вместе с $address (текст), "online" или "nowhere"
# $first (время): когда начинается первый визит
# $more (число): сколько ещё визитов
short-visit = { $where ->
        [address] { short-first }, { $address }
        [online] { short-first } (время местное, { MOMENT($first, pattern: "VVV") }), онлайн
       *[nowhere] { short-first }
    }{ $more ->
        [0] { "" }
        [one] , и ещё { $more } визит
        [few] , и ещё { $more } визита
       *[many] , и ещё { $more } визитов
    }
short-first = { MOMENT($first, pattern: "d MMMM, HH:mm") }

short-BookingConfirmed = { -name }: вы записаны, { short-visit }.
short-BookingRescheduled = { -name }: запись перенесена, теперь { short-visit }.
short-BookingRevoked = { $by ->
        [clinic] { -name }: к сожалению, вашу запись пришлось отменить: { short-visit }.
       *[patient] { -name }: ваша запись отменена: { short-visit }.
    }
short-BookingMissed = { -name }: отмечено, что никто не пришёл: { short-visit }. Если вы были, сообщите, отметку снимут.
short-BookingReinstated = { -name }: исправлено, визит не считается пропущенным: { short-visit }.
short-VisitReminder = { -name }: напоминаем о визите, { short-visit }.

# Что можно ответить на напоминание. $offer: "all", "cancel", "move" или "coming"
short-replying = { $offer ->
        [all] Ответ 1: приду, 2: отмена, 3: другое время.
        [cancel] Ответ 1: приду, 2: отмена.
        [move] Ответ 1: приду, 3: другое время.
       *[coming] Ответьте 1, если придёте.
    }

# Что отвечают на такой ответ. $says: "other_time" или почему ничего не сделано
short-ReplyAnswer = { $says ->
        [other_time] { -name }: другое время можно выбрать здесь.
        [not_by_reply] { -name }: ответом это сделать нельзя, ничего не изменилось. Откройте страницу.
        [ambiguous] { -name }: впереди несколько визитов, поэтому ничего не изменилось. Выберите нужный на странице.
        [not_understood] { -name }: ответ не понят, ничего не изменилось. { short-replying }
       *[nothing] { -name }: отвечать уже не на что, ничего не изменилось. Откройте страницу.
    }

short-VisitAdmitted = { -name }: вас ждут прямо сейчас, откройте страницу.
short-VisitByPhone = { -name }: встреча пройдёт по телефону, вам позвонят.
short-VisitMissed = { $by ->
        [practitioner] { -name }: к сожалению, встреча не состоялась: { short-visit }. Пожалуйста, запишитесь снова.
       *[patient] { -name }: вы не пришли вовремя: { short-visit }. Если нужно, запишитесь снова.
    }

# Вместо этого говорится то, что написали для телефона, если там нет ни слова о лечении.
short-Announced = { -name }: для вас есть новость, откройте страницу.

short-perhaps-again = Возможно, вы это уже знаете.

coming =
    .label = Я приду
    .said = Спасибо, отмечено, что вы придёте.
