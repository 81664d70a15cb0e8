"""Who may open what: one table over every address the portal has, and what holds beyond the table.

A new address needs a row here before anything else: say for each person what they get. 200 they see it, 302 they are led
elsewhere, 403 they may know that it exists, 404 they may not, 405 it is no page to open.
"""

import re
from datetime import timedelta
from http.cookies import SimpleCookie
from itertools import product
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpResponse
from django.urls import resolve, reverse
from django.utils import timezone

from actors.models import Actor, Claim, Proposal
from dialogues.formats.models import Idea, TryReport
from dialogues.models import Agreement, Series
from platform_mark.accounts.models import User
from platform_mark.alerts.models import Alert, Subscriber
from platform_mark.demand.models import Demand
from platform_mark.mail.models import OutgoingMail
from platform_mark.media.models import Image
from platform_mark.pages.models import BarrierReport, CheckQuestion, LegalText, Operator
from platform_mark.publishing.models import State
from platform_mark.search.models import Synonym
from platform_mark.taxonomy.models import District, Municipality, Pressure, Selection, Topic
from practices.models import Practice, Suggestion
from tests.actors.make import make_activity, make_actor, make_member, make_revision
from tests.addresses import Route, account_pages, feeds, form_pages, public_pages, routes, secret_pages
from tests.cast import PASSWORD, PEOPLE, Cast, log_in, make_cast, make_person
from tests.conftest import PortalClient
from tests.dialogues.make import make_dialogue, make_registration
from tests.mails import make_bulk, make_mail_text
from tests.make import Site, fill_site, make_document, make_user
from tests.markup import Page

pytestmark = pytest.mark.django_db

# fmt: off
TABLE = """
                                                    visitor       stranger       newcomer         editor      moderator      organiser      protector  administrator      superuser
home                                                    200            200            200            200            200            200            200            200            200
search                                                  200            200            200            200            200            200            200            200            200
opensearch                                              200            200            200            200            200            200            200            200            200
demand:wish                                             200            200            200            200            200            200            200            200            200
demand:sent                                             200            200            200            200            200            200            200            200            200
demand:ended                                            200            200            200            200            200            200            200            200            200
demand:own                                              200            200            200            200            200            200            200            200            200
account:demand                                          302            200            200            200            200            200            200            200            200
admin:demand_demand_answer                              302            403            403            200            200            403            403            403            200
admin:demand_demand_changelist                          302            403            403            200            200            403            403            403            200
admin:demand_demand_add                                 302            403            403            403            403            403            403            403            403
admin:demand_demand_history                             302            403            403            200            200            403            403            403            200
admin:demand_demand_delete                              302            403            403            403            403            403            403            403            200
admin:demand_demand_change                              302            403            403            200            200            403            403            403            200
admin/demand/demand/<path:object_id>/                   302            403            302            302            302            302            302            302            302
branches:list                                           200            200            200            200            200            200            200            200            200
branches:selection                                      200            200            200            200            200            200            200            200            200
branches:detail                                         200            200            200            200            200            200            200            200            200
first-steps                                             200            200            200            200            200            200            200            200            200
first-steps-sheet                                       200            200            200            200            200            200            200            200            200
self-check                                              200            200            200            200            200            200            200            200            200
components                                              404            404            404            404            404            404            404            404            404
legal-impressum                                         200            200            200            200            200            200            200            200            200
legal-datenschutz                                       200            200            200            200            200            200            200            200            200
legal-barrierefreiheit                                  200            200            200            200            200            200            200            200            200
legal-nutzungsbedingungen                               200            200            200            200            200            200            200            200            200
legal-moderationsregeln                                 200            200            200            200            200            200            200            200            200
legal-lizenz                                            200            200            200            200            200            200            200            200            200
legal-leichte-sprache                                   200            200            200            200            200            200            200            200            200
legal-leichte-sprache-beispiele                         200            200            200            200            200            200            200            200            200
legal-leichte-sprache-dialoge                           200            200            200            200            200            200            200            200            200
barrier-report                                          200            200            200            200            200            200            200            200            200
barrier-sent                                            200            200            200            200            200            200            200            200            200
sitemap                                                 200            200            200            200            200            200            200            200            200
robots                                                  200            200            200            200            200            200            200            200            200
security                                                200            200            200            200            200            200            200            200            200
healthz                                                 200            200            200            200            200            200            200            200            200
readyz                                                  503            503            503            503            503            503            503            503            503
practices:list                                          200            200            200            200            200            200            200            200            200
practices:suggest                                       200            200            200            200            200            200            200            200            200
practices:suggest-sent                                  200            200            200            200            200            200            200            200            200
practices:suggestion                                    200            200            200            200            200            200            200            200            200
practices:compare                                       200            200            200            200            200            200            200            200            200
practices:preview                                       200            200            200            200            200            200            200            200            200
practices:detail                                        200            200            200            200            200            200            200            200            200
practices:handout                                       200            200            200            200            200            200            200            200            200
dialogues:list                                          200            200            200            200            200            200            200            200            200
dialogues:feed-calendar                                 200            200            200            200            200            200            200            200            200
dialogues:feed-atom                                     200            200            200            200            200            200            200            200            200
dialogues:preview                                       200            200            200            200            200            200            200            200            200
dialogues:detail                                        200            200            200            200            200            200            200            200            200
dialogues:calendar                                      200            200            200            200            200            200            200            200            200
dialogues:room                                          200            200            200            200            200            200            200            200            200
dialogues:feedback                                      200            200            200            200            200            200            200            200            200
dialogues:sign-up                                       200            200            200            200            200            200            200            200            200
dialogues:invited                                       200            200            200            200            200            200            200            200            200
dialogues:almost-done                                   200            200            200            200            200            200            200            200            200
dialogues:erased                                        200            200            200            200            200            200            200            200            200
dialogues:handed-over                                   200            200            200            200            200            200            200            200            200
dialogues:registration                                  200            200            200            200            200            200            200            200            200
dialogues:registration-party                            200            200            200            200            200            200            200            200            200
dialogues:registration-transfer                         200            200            200            200            200            200            200            200            200
dialogues:registration-reminders                        200            200            200            200            200            200            200            200            200
dialogues:registration-data                             200            200            200            200            200            200            200            200            200
dialogues:online                                        302            302            302            302            302            302            302            302            302
formats:list                                            200            200            200            200            200            200            200            200            200
formats:set                                             200            200            200            200            200            200            200            200            200
formats:report-sent                                     200            200            200            200            200            200            200            200            200
formats:own-report                                      200            200            200            200            200            200            200            200            200
formats:preview                                         200            200            200            200            200            200            200            200            200
formats:detail                                          200            200            200            200            200            200            200            200            200
formats:report                                          200            200            200            200            200            200            200            200            200
ideas:list                                              200            200            200            200            200            200            200            200            200
ideas:send                                              200            200            200            200            200            200            200            200            200
ideas:sent                                              200            200            200            200            200            200            200            200            200
ideas:own                                               200            200            200            200            200            200            200            200            200
opendata:index                                          200            200            200            200            200            200            200            200            200
opendata:json                                           200            200            200            200            200            200            200            200            200
opendata:csv                                            200            200            200            200            200            200            200            200            200
opendata:xlsx                                           200            200            200            200            200            200            200            200            200
opendata:schema                                         200            200            200            200            200            200            200            200            200
opendata:openapi                                        200            200            200            200            200            200            200            200            200
opendata:hsds                                           200            200            200            200            200            200            200            200            200
opendata:catalogue-json                                 200            200            200            200            200            200            200            200            200
opendata:catalogue-turtle                               200            200            200            200            200            200            200            200            200
opendata:embedded                                       200            200            200            200            200            200            200            200            200
account:home                                            302            200            200            200            200            200            200            200            200
account:find-actor                                      302            200            200            200            200            200            200            200            200
account:found-actor                                     302            200            200            200            200            200            200            200            200
account:claim                                           302            200            200            200            200            200            200            200            200
account:profile                                         302            404            404            404            404            404            404            404            404
account:confirm-profile                                 405            405            405            405            405            405            405            405            405
account:people                                          302            404            404            404            404            404            404            404            404
account:member                                          405            405            405            405            405            405            405            405            405
account:withdraw-invitation                             405            405            405            405            405            405            405            405            405
account:confirm-all                                     405            405            405            405            405            405            405            405            405
account:leave                                           302            404            404            404            404            404            404            404            404
account:invitation                                      200            200            200            200            200            200            200            200            200
account:new-activity                                    302            302            302            302            302            302            302            302            302
account:activity                                        302            404            404            404            404            404            404            404            404
account:preview                                         302            404            404            404            404            404            404            404            404
account:step                                            405            405            405            405            405            405            405            405            405
account:cooperate                                       302            404            404            404            404            404            404            404            404
account:cooperation                                     302            404            404            404            404            404            404            404            404
account:relayed                                         200            200            200            200            200            200            200            200            200
account:notifications                                   302            200            200            200            200            200            200            200            200
account:data                                            302            200            200            200            200            200            200            200            200
account:download                                        302            200            200            200            200            200            200            200            200
account:close                                           405            405            405            405            405            405            405            405            405
account:closed                                          200            200            200            200            200            200            200            200            200
actors:matrix                                           200            200            200            200            200            200            200            200            200
actors:confirm-thanks                                   200            200            200            200            200            200            200            200            200
actors:confirm                                          200            200            200            200            200            200            200            200            200
actors:activities                                       200            200            200            200            200            200            200            200            200
actors:download-csv                                     200            200            200            200            200            200            200            200            200
actors:download-xlsx                                    200            200            200            200            200            200            200            200            200
actors:download-json                                    200            200            200            200            200            200            200            200            200
actors:feed-atom                                        200            200            200            200            200            200            200            200            200
actors:matrix-xlsx                                      200            200            200            200            200            200            200            200            200
actors:activity                                         200            200            200            200            200            200            200            200            200
actors:propose                                          200            200            200            200            200            200            200            200            200
actors:proposed                                         200            200            200            200            200            200            200            200            200
actors:list                                             200            200            200            200            200            200            200            200            200
actors:detail                                           200            200            200            200            200            200            200            200            200
account_kept                                            200            200            200            200            200            200            200            200            200
account_keep                                            200            200            200            200            200            200            200            200            200
account_signup                                          200            302            302            302            302            302            302            302            302
account_email_verification_sent                         302            302            302            302            302            302            302            302            302
account_login                                           200            302            302            302            302            302            302            302            302
account_request_login_code                              200            302            302            302            302            302            302            302            302
account_confirm_login_code                              302            302            302            302            302            302            302            302            302
mfa_login_webauthn                                      200            200            200            200            200            200            200            200            200
account_reset_password                                  200            200            200            200            200            200            200            200            200
account_confirm_password_reset_code                     302            302            302            302            302            302            302            302            302
account_complete_password_reset                         302            302            302            302            302            302            302            302            302
account_password_reset_completed                        200            200            200            200            200            200            200            200            200
account_set_password                                    302            302            302            302            302            302            302            302            302
account_email                                           302            200            302            302            302            302            302            302            302
account_logout                                          302            200            200            200            200            200            200            200            200
account_change_password                                 302            200            200            200            200            200            200            200            200
account_reauthenticate                                  302            200            200            200            200            200            200            200            200
mfa_authenticate                                        302            302            302            302            302            302            302            302            302
mfa_reauthenticate                                      302            302            200            200            200            200            200            200            200
mfa_reauthenticate_webauthn                             302            302            302            302            302            302            302            302            302
mfa_index                                               302            200            200            200            200            200            200            200            200
mfa_list_webauthn                                       302            200            200            200            200            200            200            200            200
mfa_add_webauthn                                        302            200            200            200            200            200            200            200            200
mfa_remove_webauthn                                     302            404            404            404            404            404            404            404            404
mfa_activate_totp                                       302            200            302            302            302            302            302            302            302
mfa_deactivate_totp                                     302            404            200            200            200            200            200            200            200
mfa_view_recovery_codes                                 302            404            200            200            200            200            200            200            200
mfa_generate_recovery_codes                             302            200            200            200            200            200            200            200            200
mfa_download_recovery_codes                             302            404            200            200            200            200            200            200            200
media:image                                             200            200            200            200            200            200            200            200            200
media:document                                          200            200            200            200            200            200            200            200            200
admin:person                                            302            403            403            403            403            403            200            403            200
admin:digest                                            302            403            405            405            405            405            405            405            405
admin:index                                             302            403            200            200            200            200            200            200            200
admin:login                                             302            403            302            302            302            302            302            302            302
admin:logout                                            302            403            302            302            302            302            302            302            302
admin:password_change                                   302            403            302            302            302            302            302            302            302
admin:password_change_done                              302            403            302            302            302            302            302            302            302
admin:autocomplete                                      302            403            403            403            403            403            403            403            403
admin:jsi18n                                            302            403            200            200            200            200            200            200            200
admin:view_on_site                                      302            403            302            302            302            302            302            302            302
admin:auth_user_password_change                         302            403            403            403            403            403            403            200            200
admin:accounts_user_changelist                          302            403            403            403            403            403            200            200            200
admin:accounts_user_add                                 302            403            403            403            403            403            403            200            200
admin:accounts_user_history                             302            403            403            403            403            403            200            200            200
admin:accounts_user_delete                              302            403            403            403            403            403            403            403            403
admin:accounts_user_change                              302            403            403            403            403            403            200            200            200
admin/accounts/user/<path:object_id>/                   302            403            302            302            302            302            302            302            302
admin:admin_logentry_changelist                         302            403            403            403            403            403            200            200            200
admin:admin_logentry_add                                302            403            403            403            403            403            403            403            403
admin:admin_logentry_history                            302            403            403            403            403            403            200            200            200
admin:admin_logentry_delete                             302            403            403            403            403            403            403            403            403
admin:admin_logentry_change                             302            403            403            403            403            403            200            200            200
admin/admin/logentry/<path:object_id>/                  302            403            302            302            302            302            302            302            302
admin:taxonomy_branch_changelist                        302            403            403            200            200            200            403            403            200
admin:taxonomy_branch_add                               302            403            403            200            403            403            403            403            200
admin:taxonomy_branch_history                           302            403            403            200            200            200            403            403            200
admin:taxonomy_branch_delete                            302            403            403            403            403            403            403            403            302
admin:taxonomy_branch_change                            302            403            403            200            200            200            403            403            200
admin/taxonomy/branch/<path:object_id>/                 302            403            302            302            302            302            302            302            302
admin:taxonomy_topic_changelist                         302            403            403            200            200            200            403            403            200
admin:taxonomy_topic_add                                302            403            403            200            403            403            403            403            200
admin:taxonomy_topic_history                            302            403            403            200            200            200            403            403            200
admin:taxonomy_topic_delete                             302            403            403            403            403            403            403            403            302
admin:taxonomy_topic_change                             302            403            403            200            200            200            403            403            200
admin:taxonomy_pressure_changelist                      302            403            403            200            403            403            403            403            200
admin:taxonomy_pressure_add                             302            403            403            200            403            403            403            403            200
admin:taxonomy_pressure_history                         302            403            403            200            403            403            403            403            200
admin:taxonomy_pressure_delete                          302            403            403            403            403            403            403            403            403
admin:taxonomy_pressure_change                          302            403            403            200            403            403            403            403            200
admin/taxonomy/topic/<path:object_id>/                  302            403            302            302            302            302            302            302            302
admin/taxonomy/pressure/<path:object_id>/               302            403            302            302            302            302            302            302            302
admin:taxonomy_district_changelist                      302            403            403            403            403            403            403            403            200
admin:taxonomy_district_add                             302            403            403            403            403            403            403            403            403
admin:taxonomy_district_history                         302            403            403            403            403            403            403            403            200
admin:taxonomy_district_delete                          302            403            403            403            403            403            403            403            403
admin:taxonomy_district_change                          302            403            403            403            403            403            403            403            200
admin/taxonomy/district/<path:object_id>/               302            403            302            302            302            302            302            302            302
admin:taxonomy_municipality_changelist                  302            403            403            200            200            403            403            403            200
admin:taxonomy_municipality_add                         302            403            403            403            403            403            403            403            403
admin:taxonomy_municipality_history                     302            403            403            200            200            403            403            403            200
admin:taxonomy_municipality_delete                      302            403            403            403            403            403            403            403            403
admin:taxonomy_municipality_change                      302            403            403            200            200            403            403            403            200
admin/taxonomy/municipality/<path:object_id>/           302            403            302            302            302            302            302            302            302
admin:taxonomy_selection_scores                         302            403            403            200            403            403            403            403            200
admin:taxonomy_selection_changelist                     302            403            403            200            403            403            403            403            200
admin:taxonomy_selection_add                            302            403            403            200            403            403            403            403            200
admin:taxonomy_selection_history                        302            403            403            200            403            403            403            403            200
admin:taxonomy_selection_delete                         302            403            403            403            403            403            403            403            200
admin:taxonomy_selection_change                         302            403            403            200            403            403            403            403            200
admin/taxonomy/selection/<path:object_id>/              302            403            302            302            302            302            302            302            302
admin:outbox_outgoingmail_changelist                    302            403            403            403            403            200            200            200            200
admin:outbox_outgoingmail_add                           302            403            403            403            403            403            403            403            403
admin:outbox_outgoingmail_history                       302            403            403            403            403            200            200            200            200
admin:outbox_outgoingmail_delete                        302            403            403            403            403            403            403            403            200
admin:outbox_outgoingmail_change                        302            403            403            403            403            200            200            200            200
admin/outbox/outgoingmail/<path:object_id>/             302            403            302            302            302            302            302            302            302
admin:outbox_bulkmail_release                           302            403            403            403            403            200            403            200            200
admin:outbox_bulkmail_changelist                        302            403            403            403            403            200            403            200            200
admin:outbox_bulkmail_add                               302            403            403            403            403            403            403            403            403
admin:outbox_bulkmail_history                           302            403            403            403            403            200            403            200            200
admin:outbox_bulkmail_delete                            302            403            403            403            403            403            403            403            403
admin:outbox_bulkmail_change                            302            403            403            403            403            200            403            200            200
admin/outbox/bulkmail/<path:object_id>/                 302            403            302            302            302            302            302            302            302
admin:media_image_changelist                            302            403            403            200            403            200            403            403            200
admin:media_image_add                                   302            403            403            200            403            200            403            403            200
admin:media_image_history                               302            403            403            200            403            200            403            403            200
admin:media_image_delete                                302            403            403            200            403            403            403            403            200
admin:media_image_change                                302            403            403            200            403            200            403            403            200
admin/media/image/<path:object_id>/                     302            403            302            302            302            302            302            302            302
admin:media_document_changelist                         302            403            403            200            403            200            403            403            200
admin:media_document_add                                302            403            403            200            403            200            403            403            200
admin:media_document_history                            302            403            403            200            403            200            403            403            200
admin:media_document_delete                             302            403            403            200            403            403            403            403            200
admin:media_document_change                             302            403            403            200            403            200            403            403            200
admin/media/document/<path:object_id>/                  302            403            302            302            302            302            302            302            302
admin:search_synonym_effect                             302            403            403            200            403            403            403            403            200
admin:search_synonym_changelist                         302            403            403            200            403            403            403            403            200
admin:search_synonym_add                                302            403            403            200            403            403            403            403            200
admin:search_synonym_history                            302            403            403            200            403            403            403            403            200
admin:search_synonym_delete                             302            403            403            200            403            403            403            403            200
admin:search_synonym_change                             302            403            403            200            403            403            403            403            200
admin/search/synonym/<path:object_id>/                  302            403            302            302            302            302            302            302            302
admin:pages_legaltext_changelist                        302            403            403            403            403            403            200            200            200
admin:pages_legaltext_add                               302            403            403            403            403            403            200            200            200
admin:pages_legaltext_history                           302            403            403            403            403            403            200            200            200
admin:pages_legaltext_delete                            302            403            403            403            403            403            403            403            403
admin:pages_legaltext_change                            302            403            403            403            403            403            200            200            200
admin/pages/legaltext/<path:object_id>/                 302            403            302            302            302            302            302            302            302
admin:pages_operator_changelist                         302            403            403            403            403            403            403            200            200
admin:pages_operator_add                                302            403            403            403            403            403            403            403            403
admin:pages_operator_history                            302            403            403            403            403            403            403            200            200
admin:pages_operator_delete                             302            403            403            403            403            403            403            403            403
admin:pages_operator_change                             302            403            403            403            403            403            403            200            200
admin/pages/operator/<path:object_id>/                  302            403            302            302            302            302            302            302            302
admin:pages_checkquestion_changelist                    302            403            403            200            403            403            403            403            200
admin:pages_checkquestion_add                           302            403            403            200            403            403            403            403            200
admin:pages_checkquestion_history                       302            403            403            200            403            403            403            403            200
admin:pages_checkquestion_delete                        302            403            403            403            403            403            403            403            403
admin:pages_checkquestion_change                        302            403            403            200            403            403            403            403            200
admin/pages/checkquestion/<path:object_id>/             302            403            302            302            302            302            302            302            302
admin:pages_barrierreport_changelist                    302            403            403            200            403            403            200            200            200
admin:pages_barrierreport_add                           302            403            403            403            403            403            403            403            403
admin:pages_barrierreport_history                       302            403            403            200            403            403            200            200            200
admin:pages_barrierreport_delete                        302            403            403            403            403            403            403            403            403
admin:pages_barrierreport_change                        302            403            403            200            403            403            200            200            200
admin/pages/barrierreport/<path:object_id>/             302            403            302            302            302            302            302            302            302
admin:actors_actor_approve                              302            403            405            405            405            405            405            405            405
admin:actors_actor_confirm                              302            403            405            405            405            405            405            405            405
admin:actors_actor_decline                              302            403            403            403            200            403            403            403            200
admin:actors_actor_invite                               302            403            403            403            200            403            403            403            200
admin:actors_actor_owner                                302            403            403            403            200            403            403            403            200
admin:actors_actor_merge                                302            403            403            403            200            403            403            403            200
admin:actors_actor_changelist                           302            403            403            200            200            200            403            403            200
admin:actors_actor_add                                  302            403            403            403            200            403            403            403            200
admin:actors_actor_history                              302            403            403            200            200            200            403            403            200
admin:actors_actor_delete                               302            403            403            403            403            403            403            403            403
admin:actors_actor_change                               302            403            403            200            200            200            403            403            200
admin/actors/actor/<path:object_id>/                    302            403            302            302            302            302            302            302            302
admin:actors_claim_grant                                302            403            405            405            405            405            405            405            405
admin:actors_claim_decline                              302            403            403            403            200            403            403            403            200
admin:actors_claim_changelist                           302            403            403            403            200            403            403            403            200
admin:actors_claim_add                                  302            403            403            403            403            403            403            403            403
admin:actors_claim_history                              302            403            403            403            200            403            403            403            200
admin:actors_claim_delete                               302            403            403            403            403            403            403            403            403
admin:actors_claim_change                               302            403            403            403            200            403            403            403            200
admin/actors/claim/<path:object_id>/                    302            403            302            302            302            302            302            302            302
admin:actors_activity_offline                           302            403            403            403            200            403            403            403            200
admin:actors_activity_restore                           302            403            405            405            405            405            405            405            405
admin:actors_activity_confirm                           302            403            405            405            405            405            405            405            405
admin:actors_activity_person                            302            403            405            405            405            405            405            405            405
admin:actors_activity_merge                             302            403            403            403            200            403            403            403            200
admin:actors_activity_import                            302            403            403            403            200            403            403            403            200
admin:actors_activity_template                          302            403            403            403            200            403            403            403            200
admin:actors_activity_check                             302            403            403            403            302            403            403            403            302
admin:actors_activity_versions                          302            403            403            403            200            403            403            403            200
admin:actors_activity_move                              302            403            405            405            405            405            405            405            405
admin:actors_activity_changelist                        302            403            403            403            200            403            403            403            200
admin:actors_activity_add                               302            403            403            403            200            403            403            403            200
admin:actors_activity_history                           302            403            403            403            200            403            403            403            200
admin:actors_activity_delete                            302            403            403            403            403            403            403            403            403
admin:actors_activity_change                            302            403            403            403            200            403            403            403            200
admin/actors/activity/<path:object_id>/                 302            403            302            302            302            302            302            302            302
admin:actors_revision_changelist                        302            403            403            403            200            403            403            403            200
admin:actors_revision_add                               302            403            403            403            403            403            403            403            403
admin:actors_revision_history                           302            403            403            403            200            403            403            403            200
admin:actors_revision_delete                            302            403            403            403            403            403            403            403            403
admin:actors_revision_change                            302            403            403            403            200            403            403            403            200
admin/actors/revision/<path:object_id>/                 302            403            302            302            302            302            302            302            302
admin:actors_proposal_answer                            302            403            403            403            200            403            403            403            200
admin:actors_proposal_changelist                        302            403            403            403            200            403            403            403            200
admin:actors_proposal_add                               302            403            403            403            403            403            403            403            403
admin:actors_proposal_history                           302            403            403            403            200            403            403            403            200
admin:actors_proposal_delete                            302            403            403            403            403            403            403            403            403
admin:actors_proposal_change                            302            403            403            403            200            403            403            403            200
admin/actors/proposal/<path:object_id>/                 302            403            302            302            302            302            302            302            302
admin:practices_practice_release                        302            403            403            200            403            403            403            403            200
admin:practices_practice_revise                         302            403            405            405            405            405            405            405            405
admin:practices_practice_import                         302            403            403            200            403            403            403            403            200
admin:practices_practice_template                       302            403            403            200            403            403            403            403            200
admin:practices_practice_check                          302            403            403            302            403            403            403            403            302
admin:practices_practice_export                         302            403            403            200            200            200            403            403            200
admin:practices_practice_versions                       302            403            403            200            200            200            403            403            200
admin:practices_practice_move                           302            403            405            405            405            405            405            405            405
admin:practices_practice_preview                        302            403            405            405            405            405            405            405            405
admin:practices_practice_changelist                     302            403            403            200            200            200            403            403            200
admin:practices_practice_add                            302            403            403            200            403            403            403            403            200
admin:practices_practice_history                        302            403            403            200            200            200            403            403            200
admin:practices_practice_delete                         302            403            403            200            403            403            403            403            200
admin:practices_practice_change                         302            403            403            200            200            200            403            403            200
admin/practices/practice/<path:object_id>/              302            403            302            302            302            302            302            302            302
admin:practices_suggestion_answer                       302            403            403            200            403            403            403            403            200
admin:practices_suggestion_changelist                   302            403            403            200            403            403            200            403            200
admin:practices_suggestion_add                          302            403            403            403            403            403            403            403            403
admin:practices_suggestion_history                      302            403            403            200            403            403            200            403            200
admin:practices_suggestion_delete                       302            403            403            403            403            403            403            403            403
admin:practices_suggestion_change                       302            403            403            200            403            403            200            403            200
admin/practices/suggestion/<path:object_id>/            302            403            302            302            302            302            302            302            302
admin:dialogues_format_versions                         302            403            403            200            403            403            403            403            200
admin:dialogues_format_move                             302            403            405            405            405            405            405            405            405
admin:dialogues_format_preview                          302            403            405            405            405            405            405            405            405
admin:dialogues_format_changelist                       302            403            403            200            403            403            403            403            200
admin:dialogues_format_add                              302            403            403            200            403            403            403            403            200
admin:dialogues_format_history                          302            403            403            200            403            403            403            403            200
admin:dialogues_format_delete                           302            403            403            200            403            403            403            403            200
admin:dialogues_format_change                           302            403            403            200            403            403            403            403            200
admin/dialogues/format/<path:object_id>/                302            403            302            302            302            302            302            302            302
admin:dialogues_idea_answer                             302            403            403            200            403            403            403            403            200
admin:dialogues_idea_changelist                         302            403            403            200            403            403            200            403            200
admin:dialogues_idea_add                                302            403            403            403            403            403            403            403            403
admin:dialogues_idea_history                            302            403            403            200            403            403            200            403            200
admin:dialogues_idea_delete                             302            403            403            200            403            403            403            403            200
admin:dialogues_idea_change                             302            403            403            200            403            403            200            403            200
admin/dialogues/idea/<path:object_id>/                  302            403            302            302            302            302            302            302            302
admin:dialogues_tryreport_answer                        302            403            403            200            403            403            403            403            200
admin:dialogues_tryreport_changelist                    302            403            403            200            403            403            200            403            200
admin:dialogues_tryreport_add                           302            403            403            403            403            403            403            403            403
admin:dialogues_tryreport_history                       302            403            403            200            403            403            200            403            200
admin:dialogues_tryreport_delete                        302            403            403            403            403            403            403            403            403
admin:dialogues_tryreport_change                        302            403            403            200            403            403            200            403            200
admin/dialogues/tryreport/<path:object_id>/             302            403            302            302            302            302            302            302            302
admin:dialogues_dialogue_calendar                       302            403            403            200            403            200            403            403            200
admin:dialogues_dialogue_statistics                     302            403            403            200            403            200            403            403            200
admin:dialogues_dialogue_room                           302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_room_sheet                     302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_room_screen                    302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_cancel                         302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_reschedule                     302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_copy                           302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_series                         302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_report                         302            403            405            405            405            405            405            405            405
admin:dialogues_dialogue_invitation                     302            403            405            405            405            405            405            405            405
admin:dialogues_dialogue_participants                   302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_badges                         302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_check_in                       302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_no_shows                       302            403            405            405            405            405            405            405            405
admin:dialogues_dialogue_versions                       302            403            403            200            403            200            403            403            200
admin:dialogues_dialogue_move                           302            403            405            405            405            405            405            405            405
admin:dialogues_dialogue_preview                        302            403            405            405            405            405            405            405            405
admin:dialogues_dialogue_changelist                     302            403            403            200            403            200            403            403            200
admin:dialogues_dialogue_add                            302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_history                        302            403            403            200            403            200            403            403            200
admin:dialogues_dialogue_delete                         302            403            403            403            403            200            403            403            200
admin:dialogues_dialogue_change                         302            403            403            200            403            200            403            403            200
admin/dialogues/dialogue/<path:object_id>/              302            403            302            302            302            302            302            302            302
admin:dialogues_agreement_changelist                    302            403            403            403            403            200            403            403            200
admin:dialogues_agreement_add                           302            403            403            403            403            200            403            403            200
admin:dialogues_agreement_history                       302            403            403            403            403            200            403            403            200
admin:dialogues_agreement_delete                        302            403            403            403            403            200            403            403            200
admin:dialogues_agreement_change                        302            403            403            403            403            200            403            403            200
admin/dialogues/agreement/<path:object_id>/             302            403            302            302            302            302            302            302            302
admin:dialogues_series_changelist                       302            403            403            403            403            200            403            403            200
admin:dialogues_series_add                              302            403            403            403            403            200            403            403            200
admin:dialogues_series_history                          302            403            403            403            403            200            403            403            200
admin:dialogues_series_delete                           302            403            403            403            403            200            403            403            200
admin:dialogues_series_change                           302            403            403            403            403            200            403            403            200
admin/dialogues/series/<path:object_id>/                302            403            302            302            302            302            302            302            302
admin:dialogues_feedback_changelist                     302            403            403            403            403            200            403            403            200
admin:dialogues_feedback_add                            302            403            403            403            403            403            403            403            403
admin:dialogues_feedback_history                        302            403            403            403            403            200            403            403            200
admin:dialogues_feedback_delete                         302            403            403            403            403            403            403            403            200
admin:dialogues_feedback_change                         302            403            403            403            403            200            403            403            200
admin/dialogues/feedback/<path:object_id>/              302            403            302            302            302            302            302            302            302
admin:dialogues_registration_export                     302            403            403            403            403            200            403            403            200
admin:dialogues_registration_accept                     302            403            403            403            403            302            403            403            302
admin:dialogues_registration_reject                     302            403            403            403            403            302            403            403            302
admin:dialogues_registration_move                       302            403            403            403            403            200            403            403            200
admin:dialogues_registration_merge                      302            403            403            403            403            200            403            403            200
admin:dialogues_registration_transfer                   302            403            403            403            403            200            403            403            200
admin:dialogues_registration_resend                     302            403            403            403            403            200            403            403            200
admin:dialogues_registration_cancel                     302            403            403            403            403            200            403            403            200
admin:dialogues_registration_erase                      302            403            403            403            403            200            403            403            200
admin:dialogues_registration_changelist                 302            403            403            403            403            200            403            403            200
admin:dialogues_registration_add                        302            403            403            403            403            200            403            403            200
admin:dialogues_registration_history                    302            403            403            403            403            200            403            403            200
admin:dialogues_registration_delete                     302            403            403            403            403            403            403            403            403
admin:dialogues_registration_change                     302            403            403            403            403            200            403            403            200
admin/dialogues/registration/<path:object_id>/          302            403            302            302            302            302            302            302            302
admin:outbox_mailtext_edit                              302            403            403            403            403            200            403            200            200
admin:outbox_mailtext_changelist                        302            403            403            403            403            200            403            200            200
admin:outbox_mailtext_add                               302            403            403            403            403            403            403            403            403
admin:outbox_mailtext_history                           302            403            403            403            403            200            403            200            200
admin:outbox_mailtext_delete                            302            403            403            403            403            403            403            403            403
admin:outbox_mailtext_change                            302            403            403            403            403            200            403            200            200
admin/outbox/mailtext/<path:object_id>/                 302            403            302            302            302            302            302            302            302
admin:app_list                                          302            403            404            200            200            200            200            404            200
admin/(?P<url>.*)$                                      302            403            404            404            404            404            404            404            404
practices:feed-atom                                     200            200            200            200            200            200            200            200            200
formats:feed-atom                                       200            200            200            200            200            200            200            200            200
alerts:new                                              200            200            200            200            200            200            200            200            200
alerts:sent                                             200            200            200            200            200            200            200            200            200
alerts:ended                                            200            200            200            200            200            200            200            200            200
alerts:confirm                                          200            200            200            200            200            200            200            200            200
alerts:leave                                            200            200            200            200            200            200            200            200            200
alerts:own                                              200            200            200            200            200            200            200            200            200
alerts:data                                             200            200            200            200            200            200            200            200            200
admin:alerts_alert_changelist                           302            403            403            200            200            200            200            403            200
admin:alerts_alert_add                                  302            403            403            403            403            403            403            403            403
admin:alerts_alert_history                              302            403            403            200            200            200            200            403            200
admin:alerts_alert_delete                               302            403            403            403            403            403            403            403            403
admin:alerts_alert_change                               302            403            403            200            200            200            200            403            200
admin/alerts/alert/<path:object_id>/                    302            403            302            302            302            302            302            302            302
admin:alerts_subscriber_changelist                      302            403            403            403            403            403            200            403            200
admin:alerts_subscriber_add                             302            403            403            403            403            403            403            403            403
admin:alerts_subscriber_history                         302            403            403            403            403            403            200            403            200
admin:alerts_subscriber_delete                          302            403            403            403            403            403            403            403            403
admin:alerts_subscriber_change                          302            403            403            403            403            403            200            403            200
admin/alerts/subscriber/<path:object_id>/               302            403            302            302            302            302            302            302            302
"""
# fmt: on


@pytest.fixture
def site(settings: object, tmp_path: Path) -> Site:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return fill_site()


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def table() -> dict[str, dict[str, int]]:
    """Every row: the statuses by person."""
    head, *rows = TABLE.strip().splitlines()
    assert head.split() == list(PEOPLE)
    parsed: dict[str, dict[str, int]] = {}
    for row in rows:
        name, *statuses = row.split()
        assert name not in parsed, f"twice in the table: {name}"
        parsed[name] = dict(zip(PEOPLE, map(int, statuses), strict=True))
    return parsed


def key(route: Route) -> str:
    """What a row of the table is called: the name of its route, or the path where it has none."""
    return route.name or route.path


def filled_in(site: Site, cast: Cast) -> dict[str, str]:
    """Every address with something real for each of its parameters."""
    secret = secret_pages(site)
    image, document = Image.objects.first(), make_document()
    meeting = make_dialogue("Rüsten ohne Suchen im Test")
    rows: dict[str, Model] = {
        "accounts/user": cast.person("stranger").user,
        "admin/logentry": LogEntry.objects.create(
            user=cast.person("editor").user, action_flag=CHANGE, object_repr="Karte", change_message="Exportiert."
        ),
        "taxonomy/branch": site.metal,
        "taxonomy/selection": Selection.objects.get(),
        "taxonomy/topic": Topic.objects.earliest("pk"),
        "taxonomy/pressure": Pressure.objects.earliest("pk"),
        "taxonomy/district": District.objects.earliest("pk"),
        "taxonomy/municipality": Municipality.objects.earliest("pk"),
        "search/synonym": Synonym.objects.create(terms=["KI", "künstliche Intelligenz"]),
        "outbox/outgoingmail": OutgoingMail.objects.earliest("pk"),
        "outbox/bulkmail": make_bulk(),
        "outbox/mailtext": make_mail_text(),
        "media/image": image,
        "media/document": document,
        "pages/legaltext": LegalText.objects.earliest("pk"),
        "practices/practice": site.hidden[0],
        "pages/operator": Operator.objects.create(**settings.OPERATOR),
        "pages/checkquestion": CheckQuestion.objects.earliest("pk"),
        "pages/barrierreport": BarrierReport.objects.create(where="/", what="Kein Fokus."),
        "dialogues/format": site.format_draft,
        "demand/demand": Demand.objects.earliest("pk"),
        "dialogues/idea": Idea.objects.earliest("pk"),
        "dialogues/tryreport": TryReport.objects.earliest("pk"),
        "dialogues/dialogue": meeting,
        "dialogues/registration": make_registration(meeting),
        "dialogues/series": Series.objects.create(name="Metallrunde"),
        "dialogues/agreement": Agreement.objects.create(dialogue=meeting, text="Vorlage schicken"),
        "dialogues/feedback": [
            *(meeting.feedback.create(was_useful=5, was_fitting=4, will_act=3) for _ in range(5))
        ].pop(),
        **register_rows(),
        "alerts/alert": Alert.objects.earliest("pk"),
        "alerts/subscriber": Subscriber.objects.earliest("pk"),
        "practices/suggestion": Suggestion.objects.earliest("pk"),
    }
    special = {
        "media:image": f"/medien/bilder/{image.token}/{image.widths[0]}.webp",
        "media:document": document.url,
        "admin:view_on_site": f"/admin/r/{ContentType.objects.get_for_model(Practice).pk}/{site.rich.pk}/",
        "admin:outbox_mailtext_edit": "/admin/outbox/mailtext/art/dialog-erinnerung/",
        "admin:app_list": "/admin/practices/",
        "admin:actors_activity_check": "/admin/actors/activity/import/gibtesnicht/",
        "admin:practices_practice_check": "/admin/practices/practice/import/gibtesnicht/",
        "admin/(?P<url>.*)$": "/admin/gibt-es-nicht/",
    }
    special |= {
        name: found[0] for name, found in {**public_pages(site), **feeds(site), **form_pages(), **secret}.items()
    }
    special |= {name: found[0] for name, found in {**public_pages(site), **form_pages(), **secret}.items()}
    special |= account_pages()
    addresses = {}
    for route in routes():
        path = special.get(key(route), f"/{route.path}")
        for model, row in rows.items():
            path = re.sub(rf"^/admin/{model}/<[a-z_:]+>", f"/admin/{model}/{row.pk}", path)
        assert "<" not in path, f"say in filled_in() what to put into {path}"
        addresses[key(route)] = path
    return addresses


def register_rows() -> dict[str, Model]:
    """One row of each model of the register that staff open."""
    revision = make_revision()
    activity, actor = revision.activity, revision.activity.actor
    return {
        "actors/actor": actor,
        "actors/activity": activity,
        "actors/revision": revision,
        "actors/claim": Claim.objects.create(actor=actor, user=make_user(), reason="Ich arbeite da."),
        "actors/proposal": Proposal.objects.create(activity=activity, text="Der Link ist tot."),
    }


def test_the_table_names_every_address_and_no_other() -> None:
    found = [key(route) for route in routes()]

    assert len(found) == len(set(found)) >= 100
    assert set(found) - set(table()) == set(), "new addresses: say who may open them"
    assert set(table()) - set(found) == set(), "these addresses are gone"


def test_everybody_gets_what_the_table_says(site: Site, cast: Cast) -> None:
    addresses, wrong, asked = filled_in(site, cast), [], 0
    visitor = PortalClient(raise_request_exception=False)
    for name, expected in table().items():
        for person, status in expected.items():
            # A visit must not change the next one, whatever it does to the cookies.
            visitor.cookies = SimpleCookie(cast.client(person).cookies.output(header="", sep=";"))
            got = visitor.get(addresses[name]).status_code
            asked += 1
            if got != status:
                wrong.append(f"{name} for {person}: {got} instead of {status}")
    assert wrong == []
    assert asked >= 900


def test_without_a_second_factor_even_all_rights_open_nothing(site: Site, cast: Cast) -> None:
    addresses = filled_in(site, cast)
    inside = {name: address for name, address in addresses.items() if address.startswith("/admin/")}
    owner = make_person("allein@portal.test", is_superuser=True, second_factor=False)
    client = log_in(PortalClient(raise_request_exception=False), owner)
    halfway = PortalClient(raise_request_exception=False)
    halfway.post(reverse("account_login"), {"login": cast.person("superuser").user.email, "password": PASSWORD})

    for name, address in inside.items():
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (302, reverse("mfa_activate_totp")), name
        response = halfway.get(address)
        assert response.status_code == 302, name
        assert response["Location"].startswith(reverse("account_login")), name
    assert len(inside) >= 80


def test_nobody_sees_what_is_not_public_on_the_public_site(site: Site, cast: Cast) -> None:
    addresses = [practice.get_absolute_url() for practice in site.hidden]
    lists = ["/", "/beispiele/", site.metal.get_absolute_url(), "/sitemap.xml", site.rich.get_absolute_url()]
    lists.append("/beispiele/vergleich/?" + "&".join(f"b={practice.slug}" for practice in site.hidden))
    for person in PEOPLE:
        client = cast.client(person)
        for address in addresses:
            response = client.get(address)
            assert response.status_code == 404, (person, address)
        for address in lists:
            html = client.get(address).content.decode()
            for practice in site.hidden:
                assert practice.title not in html, (person, address)
    assert len(addresses) == 5


def test_looking_changes_nothing(site: Site, cast: Cast) -> None:
    """GET and HEAD leave the database as it was, whoever looks; sessions aside."""
    addresses = filled_in(site, cast)
    for person in PEOPLE:
        cast.client(person)
    before = checksums()
    for address in addresses.values():
        if "codes" not in address:
            cast.client("superuser").get(address)
            cast.client("superuser").head(address)
            cast.client("visitor").get(address)
    after = checksums()
    assert {table: (before[table], after[table]) for table in before if before[table] != after[table]} == {}
    assert len(before) >= 30


def checksums() -> dict[str, str]:
    """A checksum of the rows of every table, but for those that only remember visits."""
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            if name not in {"django_session", "cache", "rate_counter"}:
                cursor.execute(
                    f"SELECT coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM \"{name}\" t"
                )
                found[name] = cursor.fetchone()[0]
    return found


MODERATED = ("admin:actors_", "admin:demand_")


def test_a_post_without_the_right_changes_nothing(site: Site, cast: Cast) -> None:
    """Everything that the administration takes by POST, tried by those who may not."""
    addresses = filled_in(site, cast)
    inside = {name: address for name, address in addresses.items() if address.startswith("/admin/")}
    values = {"_save": "1", "_move": "publish", "post": "yes", "action": "delete_selected"}
    for person in ("visitor", "stranger", "newcomer", "moderator"):
        client = cast.client(person)
        before = checksums()
        for name, address in inside.items():
            # The daily mail is everybody's own choice, and register and demand are the moderator's work.
            if name == "admin:digest" or (person == "moderator" and name.startswith(MODERATED)):
                continue
            status = client.post(address, values).status_code
            assert status in {200, 302, 403, 404, 405}, (person, name)
        assert checksums() == before, person
    assert len(inside) >= 80


# What only the people of an organisation may post to, and of those what is for owners alone.
OF_MEMBERS = (
    *("profile", "confirm-profile", "people", "member", "withdraw-invitation", "confirm-all", "leave"),
    *("activity", "preview", "step", "cooperation"),
)
OF_OWNERS = ("people", "member", "withdraw-invitation", "leave")


def test_a_post_about_somebody_elses_organisation_is_refused_and_changes_nothing(site: Site, cast: Cast) -> None:
    owner = make_person("inhaberin@kammer.test", second_factor=False, is_staff=False)
    addresses = {name.removeprefix("account:"): address for name, address in account_pages(owner.user).items()}
    actor = Actor.objects.get(memberships__user=owner.user)
    neighbour = make_person("nachbarin@kammer.test", second_factor=False, is_staff=False)
    make_member(make_actor("Nachbarin"), neighbour.user)
    colleague = make_person("kollege@kammer.test", second_factor=False, is_staff=False)
    make_member(actor, colleague.user, role="editor")
    values = {
        "name": "Fremd",
        "summary": "Fremd",
        "title": "Fremd",
        "email": "fremd@kammer.test",
        "role": "owner",
        "state": "published",
        "actor": actor.pk,
        "submit": "1",
        "abgeben": "1",
        "antwort": "Ja",
        "answer": "Ja",
    }
    clients = {
        "visitor": (cast.client("visitor"), OF_MEMBERS),
        "stranger": (cast.client("stranger"), OF_MEMBERS),
        "neighbour": (log_in(PortalClient(raise_request_exception=False), neighbour), OF_MEMBERS),
        "editor": (log_in(PortalClient(raise_request_exception=False), colleague), OF_OWNERS),
    }
    before = checksums()
    for person, (client, names) in clients.items():
        for name in names:
            response = client.post(addresses[name], values)
            to_login = response.status_code == 302 and response["Location"].startswith(reverse("account_login"))
            is_refused = response.status_code in {403, 404, 405}
            assert is_refused or (person == "visitor" and to_login), (person, name, response.status_code)
        assert checksums() == before, person


def test_a_closed_account_is_out_at_once(site: Site, cast: Cast) -> None:
    client = cast.client("editor")
    assert client.get("/admin/").status_code == 200

    User.objects.filter(pk=cast.person("editor").user.pk).update(is_active=False)

    assert client.get("/admin/").status_code == 302
    fresh = PortalClient(raise_request_exception=False)
    response = fresh.post(reverse("account_login"), {"login": cast.person("editor").user.email, "password": PASSWORD})
    assert "_auth_user_id" not in fresh.session, response.status_code


def test_no_address_serves_other_methods_to_anybody(site: Site, cast: Cast) -> None:
    addresses = filled_in(site, cast)
    for person, method in product(("visitor", "superuser"), ("PUT", "PATCH", "DELETE", "TRACE")):
        client = cast.client(person)
        statuses = {name: client.generic(method, address).status_code for name, address in addresses.items()}
        assert {name: status for name, status in statuses.items() if status != 405} == {}, (person, method)


def keyless_forms(response: HttpResponse, address: str) -> list[str]:
    """Forms of a page that post without the key against forged requests to a view that asks for it."""
    found = []
    for form in Page.of(response).all("form"):
        target = urljoin(address, form["action"])
        is_exempt = getattr(resolve(urlsplit(target).path).func, "csrf_exempt", False)
        keys = form.all("input", type="hidden", name="csrfmiddlewaretoken")
        if form["method"].lower() == "post" and not is_exempt and not any(key["value"] for key in keys):
            found.append(f"{address}: to {target}")
    return found


def test_every_form_that_posts_carries_its_key(site: Site, cast: Cast) -> None:
    """The client of the tests asks for no key, so that nothing else here misses one."""
    owner = make_person("inhaberin@kammer.test", second_factor=False, is_staff=False)
    own = account_pages(owner.user)
    actor = Actor.objects.get(memberships__user=owner.user)
    make_activity(actor=actor, confirmed_at=timezone.now() - timedelta(days=200))
    make_activity(actor=actor, state=State.ARCHIVED)
    kinds = {**public_pages(site), **form_pages(), **secret_pages(site)}
    inside = filled_in(site, cast).values()
    newcomer = make_person("neu@portal.test", second_factor=False)
    visits = [
        (cast.client("visitor"), [address for addresses in kinds.values() for address in addresses]),
        (cast.client("superuser"), inside),
        (log_in(PortalClient(), owner), [*own.values(), *(path for path in inside if path.startswith("/konto/"))]),
        (log_in(PortalClient(), newcomer), [reverse("mfa_activate_totp"), reverse("account_change_password")]),
    ]
    forms, keyless = 0, []
    for client, addresses in visits:
        for address in addresses:
            response = client.get(address)
            if response.get("Content-Type", "").startswith("text/html"):
                forms += len(Page.of(response).all("form", method="post"))
                keyless += keyless_forms(response, address)
    assert keyless == []
    assert forms >= 300
