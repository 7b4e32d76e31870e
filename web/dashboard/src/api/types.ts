/** The API's schemas under short names. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Identity = Schemas['IdentityView'];
export type Badge = Schemas['BadgeView'];
export type Analysis = Schemas['AnalysisView'];
export type Observation = Schemas['ObservationView'];
export type HistoryEntry = Schemas['HistoryView'];
export type Link = Schemas['LinkView'];
export type Decision = Schemas['LinkDecisionView'];
export type DecisionPreview = Schemas['DecisionPreviewView'];
export type Graph = Schemas['GraphView'];
export type Ring = Schemas['RingView'];
export type RingDetail = Schemas['RingDetailView'];
export type Device = Schemas['DeviceView'];
export type Event = Schemas['EventView'];
export type Escalation = Schemas['EscalationView'];
export type Note = Schemas['NoteView'];
export type Group = Schemas['GroupView'];
export type BadgeRule = Schemas['BadgeRuleView'];
export type Ingestion = Schemas['IngestionView'];
export type Credential = Schemas['CredentialView'];

/** One page of a list. */
export interface Page<Row> {
  content: Row[];
  totalElements: number;
  totalPages: number;
  pageNumber: number;
}

export const CATEGORIES = ['HUMANITY', 'AUTHENTICITY', 'UNIQUENESS', 'BEHAVIOR'] as const;
export type Category = (typeof CATEGORIES)[number];

/** What an identity, a node and a history entry have in common. */
export interface Scores {
  humanityScore?: number | null;
  authenticityScore?: number | null;
  uniquenessScore?: number | null;
  behaviorScore?: number | null;
}

export function scoreOf(scores: Scores, category: Category): number | null {
  const key = `${category.toLowerCase()}Score` as keyof Scores;
  return scores[key] ?? null;
}

/** The worst of the known scores. */
export function worstOf(scores: Scores): { category: Category; value: number } | null {
  let worst: { category: Category; value: number } | null = null;
  for (const category of CATEGORIES) {
    const value = scoreOf(scores, category);
    if (value !== null && (worst === null || value < worst.value)) worst = { category, value };
  }
  return worst;
}

export type Condition = Schemas['ConditionView'];
export type EscalationRule = Schemas['EscalationRuleView'];
export type Channel = Schemas['ChannelView'];
export type Delivery = Schemas['DeliveryView'];
export type Mapping = Schemas['MappingView'];
export type Member = Schemas['MemberView'];
export type Invitation = Schemas['InvitationView'];
export type AgentToken = Schemas['TokenView'];
export type OwnSession = Schemas['SessionView'];
export type AuditLine = Schemas['AuditView'];
export type Dataset = Schemas['DatasetView'];
export type Entry = Schemas['EntryView'];
export type EntryBody = Schemas['EntryBody'];
export type Retention = Schemas['RetentionView'];
export type Unmapped = Schemas['UnmappedView'];
export type BacktestResult = Schemas['BacktestResultView'];
export type Share = Schemas['ShareView'];
export type Erasure = Schemas['ErasureView'];
export type Me = Schemas['MeView'];
export type Stats = Schemas['StatsView'];
export type Label = Schemas['LabelView'];
export type Review = Schemas['ReviewView'];
export type Calibration = Schemas['CalibrationView'];
export type Counted = Schemas['CountedView'];
export type Comparison = Schemas['ComparisonView'];
